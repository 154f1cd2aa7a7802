import type { Part, Store } from '../records/store.ts'
import { LOG_TYPE } from './log-keys.ts'

/** S3's least size of a part that is not the last. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PART_BYTES = 5 * 1024 * 1024

type MakePart = (uploadId: string, number: number) => Promise<Part>
type UnderWay = { make: MakePart; made: Promise<Part | null> }

/**
 * Composes `log.txt` from pieces in their order: small ones are gathered into parts, large ones that are already
 * stored are copied on S3's side. One part is under way while the next is gathered, and no more: that bounds what is
 * held. What stays below one part is written with a single put. Taking a piece cannot fail; `advance` and `finish` may be
 * called again.
 */
export class WholeLog {
  readonly #store: Store
  readonly #key: string
  #uploadId: string | undefined
  readonly #parts: Part[] = []
  #waiting: MakePart[] = []
  #underWay: UnderWay | null = null
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #bytes = 0

  constructor(store: Store, key: string) {
    this.#store = store
    this.#key = key
  }

  add(bytes: Uint8Array): void {
    this.#gathered.push(bytes)
    this.#gatheredBytes += bytes.length
    this.#bytes += bytes.length
    if (this.#gatheredBytes >= PART_BYTES) this.#partFromGathered()
  }

  /** Whether an object of this size can become a part of its own, unread. */
  canCopy(size: number): boolean {
    return this.#gatheredBytes === 0 && size >= PART_BYTES
  }

  copy(fromKey: string, size: number): void {
    const { copy } = this.#store.multipart
    this.#waiting.push((uploadId, number) => copy(this.#key, uploadId, number, fromKey))
    this.#bytes += size
  }

  /** Sets the next part going, once the one before it has arrived. */
  async advance(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#settle()
      const make = this.#waiting.shift()
      if (make) this.#underWay = { make, made: this.#attempt(make) }
    }
  }

  async finish(): Promise<void> {
    if (!this.#underWay && this.#parts.length === 0 && this.#waiting.length === 0) {
      await this.#store.put(this.#key, Buffer.concat(this.#gathered), LOG_TYPE)
      return
    }
    if (this.#gatheredBytes > 0) this.#partFromGathered()
    await this.advance()
    await this.#settle()
    try {
      await this.#store.multipart.complete(this.#key, this.#uploadId ?? '', this.#parts)
    } catch (error) {
      // A completion whose answer was lost cannot be repeated: the upload is gone, the object there.
      const last = await this.#store.getRange(this.#key, this.#bytes - 1, 1).catch(() => null)
      if (!last) throw error
    }
  }

  #partFromGathered() {
    const { upload } = this.#store.multipart
    const body = Buffer.concat(this.#gathered)
    this.#waiting.push((uploadId, number) => upload(this.#key, uploadId, number, body))
    this.#gathered = []
    this.#gatheredBytes = 0
  }

  /** Waits for the part under way; one that has failed is tried once more before that is a fault. */
  async #settle(): Promise<void> {
    const part = this.#underWay && ((await this.#underWay.made) ?? (await this.#make(this.#underWay.make)))
    if (part) this.#parts.push(part)
    this.#underWay = null
  }

  #attempt(make: MakePart): Promise<Part | null> {
    return this.#make(make).catch(() => null)
  }

  async #make(make: MakePart): Promise<Part> {
    this.#uploadId ??= await this.#store.multipart.start(this.#key, LOG_TYPE)
    return make(this.#uploadId, this.#parts.length + 1)
  }
}
