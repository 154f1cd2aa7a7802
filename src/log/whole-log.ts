import type { Part, Store } from '../build/store.ts'
import { LOG_TYPE } from './log-keys.ts'

/** S3's least size of a part that is not the last. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PART_BYTES = 5 * 1024 * 1024

/**
 * Composes `log.txt` from pieces in their order: small ones are gathered into parts, large ones that are already
 * stored are copied on S3's side. Holds less than one part plus one piece. What stays below one part is written
 * with a single put. Pieces are taken by `add`, which cannot fail; `advance` and `finish` may be called again.
 */
export class WholeLog {
  readonly #store: Store
  readonly #key: string
  #uploadId: string | undefined
  readonly #parts: Part[] = []
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #bytes = 0

  constructor(store: Store, key: string) {
    this.#store = store
    this.#key = key
  }

  add(bytes: Uint8Array) {
    this.#gathered.push(bytes)
    this.#gatheredBytes += bytes.length
    this.#bytes += bytes.length
  }

  /** Whether an object of this size can become a part of its own, unread. */
  canCopy(size: number): boolean {
    return this.#gatheredBytes === 0 && size >= PART_BYTES
  }

  async copy(fromKey: string, size: number): Promise<void> {
    const { copy } = this.#store.multipart
    this.#parts.push(await copy(this.#key, await this.#start(), this.#parts.length + 1, fromKey))
    this.#bytes += size
  }

  /** Uploads what has been gathered, if that makes a part. */
  async advance(): Promise<void> {
    if (this.#gatheredBytes >= PART_BYTES) await this.#uploadPart()
  }

  async finish(): Promise<void> {
    if (!this.#uploadId) {
      await this.#store.put(this.#key, Buffer.concat(this.#gathered), LOG_TYPE)
      return
    }
    if (this.#gatheredBytes > 0) await this.#uploadPart()
    try {
      await this.#store.multipart.complete(this.#key, this.#uploadId, this.#parts)
    } catch (error) {
      // A completion whose answer was lost cannot be repeated: the upload is gone, the object there.
      const last = await this.#store.getRange(this.#key, this.#bytes - 1, 1).catch(() => null)
      if (!last) throw error
    }
  }

  async #uploadPart() {
    const { upload } = this.#store.multipart
    const body = Buffer.concat(this.#gathered)
    this.#parts.push(await upload(this.#key, await this.#start(), this.#parts.length + 1, body))
    this.#gathered = []
    this.#gatheredBytes = 0
  }

  async #start(): Promise<string> {
    this.#uploadId ??= await this.#store.multipart.start(this.#key, LOG_TYPE)
    return this.#uploadId
  }
}
