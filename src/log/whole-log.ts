import type { Part, Store } from '../records/store.ts'
import { LOG_TYPE } from './log-keys.ts'

/** S3's minimum for all parts but the last. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PART_BYTES = 5 * 1024 * 1024

type MakePart = (uploadId: string, number: number) => Promise<Part>
type PartInFlight = { make: MakePart; result: Promise<Part | null> }

/**
 * Composes `log.txt` from pieces in their order. Small pieces are gathered into parts. Large pieces that are already
 * stored are copied by S3. At most one part is in flight, which bounds the memory use. A log smaller than one part is
 * written with a single put. Adding a piece cannot fail; `advance` and `finish` may be retried.
 */
export class WholeLog {
  readonly #store: Store
  readonly #key: string
  readonly #isOnce: boolean
  #uploadId: string | undefined
  readonly #parts: Part[] = []
  #queue: MakePart[] = []
  #inFlight: PartInFlight | null = null
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #bytes = 0

  /** @param isOnce whether an existing log is kept */
  constructor(store: Store, key: string, isOnce: boolean) {
    this.#store = store
    this.#key = key
    this.#isOnce = isOnce
  }

  /** Adds a copy. */
  add(bytes: Uint8Array): void {
    this.#gathered.push(new Uint8Array(bytes))
    this.#gatheredBytes += bytes.length
    this.#bytes += bytes.length
    if (this.#gatheredBytes >= PART_BYTES) this.#partFromGathered()
  }

  /** Whether S3 can copy an object of this size as the next part. */
  canCopy(size: number): boolean {
    return this.#gatheredBytes === 0 && size >= PART_BYTES
  }

  copy(fromKey: string, size: number): void {
    const { copy } = this.#store.multipart
    this.#queue.push((uploadId, number) => copy(this.#key, uploadId, number, fromKey))
    this.#bytes += size
  }

  /** Adds a stored object. S3 copies it if possible; otherwise, it is read, one part at a time. Returns the number of bytes read. */
  async addStored(key: string, size: number): Promise<number> {
    if (this.canCopy(size)) {
      this.copy(key, size)
      await this.advance()
      return 0
    }
    for (let from = 0; from < size; from += PART_BYTES) {
      this.add((await this.#store.getRange(key, from, PART_BYTES)) ?? new Uint8Array())
      await this.advance()
    }
    return size
  }

  /** Starts the next part after the previous one has arrived. */
  async advance(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#settle()
      const make = this.#queue.shift()
      if (make) this.#inFlight = { make, result: this.#attempt(make) }
    }
  }

  async finish(): Promise<void> {
    if (!this.#inFlight && this.#parts.length === 0 && this.#queue.length === 0) {
      const bytes = Buffer.concat(this.#gathered)
      if (this.#isOnce) await this.#store.putOnce(this.#key, bytes, LOG_TYPE)
      else await this.#store.put(this.#key, bytes, LOG_TYPE)
      return
    }
    if (this.#gatheredBytes > 0) this.#partFromGathered()
    await this.advance()
    await this.#settle()
    try {
      await this.#store.multipart.complete(this.#key, this.#uploadId ?? '', this.#parts, this.#isOnce)
    } catch (error) {
      // If the response was lost, the request cannot be repeated: the object exists, but the upload no longer does.
      const last = await this.#store.getRange(this.#key, this.#bytes - 1, 1).catch(() => null)
      if (!last) throw error
    }
  }

  #partFromGathered() {
    const { upload } = this.#store.multipart
    const body = Buffer.concat(this.#gathered)
    this.#queue.push((uploadId, number) => upload(this.#key, uploadId, number, body))
    this.#gathered = []
    this.#gatheredBytes = 0
  }

  /** Waits for the part in flight. Retries it once if it has failed. */
  async #settle(): Promise<void> {
    const part = this.#inFlight && ((await this.#inFlight.result) ?? (await this.#make(this.#inFlight.make)))
    if (part) this.#parts.push(part)
    this.#inFlight = null
  }

  #attempt(make: MakePart): Promise<Part | null> {
    return this.#make(make).catch(() => null)
  }

  async #make(make: MakePart): Promise<Part> {
    this.#uploadId ??= await this.#store.multipart.start(this.#key, LOG_TYPE)
    return make(this.#uploadId, this.#parts.length + 1)
  }
}
