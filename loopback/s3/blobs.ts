import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Sink } from './chunked-body.ts'
import type { Span } from './range.ts'

/** In bytes. */
const SMALL = 64 * 1024

/** A file with a random name, never changed once it is complete. */
export type Blob = { file: string; size: number }
export type WrittenBlob = Blob & { md5: Buffer }

/**
 * The bytes of all objects and parts. A file counts only if the catalogue lists it, so files are written in place;
 * `sweep` removes what a killed server left behind.
 */
export class Blobs {
  readonly #directory: string
  readonly #readers = new Map<string, number>()
  readonly #pendingRemoval = new Set<string>()

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
  }

  /** Writes the bytes that `fill` passes to the sink. Removes the file if `fill` or `commit` throws. */
  async write<F, T>(
    fill: (sink: Sink) => Promise<F>,
    commit: (blob: WrittenBlob, filled: F) => T,
  ): Promise<T> {
    const file = randomUUID()
    const md5 = createHash('md5')
    let size = 0
    // Synchronous: the objects are small or come in pieces, and a thread takes longer to start than to write them.
    const descriptor = openSync(join(this.#directory, file), 'wx', 0o600)
    try {
      const filled = await fill(bytes => {
        md5.update(bytes)
        size += bytes.length
        writeFileSync(descriptor, bytes)
      })
      return commit({ file, size, md5: md5.digest() }, filled)
    } catch (error) {
      this.remove([{ file, size }])
      throw error
    } finally {
      closeSync(descriptor)
    }
  }

  /** Creates a hard link to the same bytes, which never change. Removes it if `commit` throws. */
  link<T>({ file: from, size }: Blob, md5: Buffer, commit: (blob: WrittenBlob) => T): T {
    const file = randomUUID()
    try {
      linkSync(join(this.#directory, from), join(this.#directory, file))
      return commit({ file, size, md5 })
    } catch (error) {
      this.remove([{ file, size }])
      throw error
    }
  }

  /** Reads a span of the concatenated blobs: at once if it is small. */
  read(blobs: readonly Blob[], span: Span): Buffer | Readable {
    const [blob, ...others] = blobs
    if (!blob || others.length > 0 || span.last - span.first >= SMALL) return this.stream(blobs, span)
    const bytes = Buffer.alloc(span.last - span.first + 1)
    const descriptor = openSync(join(this.#directory, blob.file), 'r')
    try {
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, span.first))
    } finally {
      closeSync(descriptor)
    }
  }

  /** As `read`. Blobs removed meanwhile stay readable to the end. */
  stream(blobs: readonly Blob[], { first, last }: Span): Readable {
    const pieces: { file: string; start: number; end: number }[] = []
    let offset = 0
    for (const { file, size } of blobs) {
      const start = Math.max(first - offset, 0)
      const end = Math.min(last - offset, size - 1)
      if (start <= end) pieces.push({ file, start, end })
      offset += size
    }
    for (const { file } of pieces) this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1)
    const directory = this.#directory
    const bytes = async function* () {
      for (const { file, start, end } of pieces)
        yield* createReadStream(join(directory, file), { start, end })
    }
    const stream = Readable.from(bytes(), { objectMode: false })
    return stream.once('close', () => {
      for (const { file } of pieces) this.#release(file)
    })
  }

  remove(blobs: readonly Blob[]): void {
    for (const { file } of blobs) {
      if (this.#readers.has(file)) this.#pendingRemoval.add(file)
      else this.#unlink(file)
    }
  }

  /** Removes every file that is not in `keep`. */
  sweep(keep: ReadonlySet<string>): void {
    for (const file of readdirSync(this.#directory)) if (!keep.has(file)) this.#unlink(file)
  }

  #release(file: string): void {
    const left = (this.#readers.get(file) ?? 1) - 1
    if (left > 0) {
      this.#readers.set(file, left)
      return
    }
    this.#readers.delete(file)
    if (this.#pendingRemoval.delete(file)) this.#unlink(file)
  }

  /** As `rm` with `force`, which takes two more system calls. */
  #unlink(file: string): void {
    try {
      unlinkSync(join(this.#directory, file))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}
