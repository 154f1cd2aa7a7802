import { createHash, type Hash, hash, randomUUID } from 'node:crypto'
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

/** The table of small blobs, in `tables.ts`. */
type Contents = {
  findContent(id: number): Buffer
  addContent(bytes: Uint8Array): number
  removeContent(id: number): void
}
/** Bytes that never change: in a file with a random name or, if they are few, in the catalogue's table `contents`. */
export type Blob = { file: string; size: number } | { id: number; size: number }
/** Bytes without an object yet. `keep` returns their blob; call it in the transaction that adds it to the catalogue. */
export type WrittenBlob = { size: number; md5: Buffer; keep(): Blob }

type OpenFile = { name: string; descriptor: number; md5: Hash }

/**
 * The bytes of all objects and parts. A file counts only if the catalogue lists it, so files are written in place;
 * `sweep` removes what a killed server left behind.
 */
export class Blobs {
  readonly #directory: string
  readonly #contents: Contents
  readonly #readers = new Map<string, number>()
  readonly #pendingRemoval = new Set<string>()

  constructor(directory: string, contents: Contents) {
    this.#directory = directory
    this.#contents = contents
    mkdirSync(directory, { recursive: true })
  }

  /** Writes the bytes that `fill` passes to the sink, which keeps copies. Removes them if `fill` or `commit` throws. */
  async write<F, T>(
    fill: (sink: Sink) => Promise<F>,
    commit: (blob: WrittenBlob, filled: F) => T,
  ): Promise<T> {
    const pieces: Buffer[] = []
    let size = 0
    let file = null as OpenFile | null
    try {
      const filled = await fill(bytes => {
        size += bytes.length
        if (size <= SMALL) pieces.push(Buffer.from(bytes))
        else file = this.#append(file, [...pieces.splice(0), bytes])
      })
      if (file) {
        const { name, md5 } = file
        return commit({ size, md5: md5.digest(), keep: () => ({ file: name, size }) }, filled)
      }
      const content = Buffer.concat(pieces)
      const keep = () => ({ id: this.#contents.addContent(content), size })
      return commit({ size, md5: hash('md5', content, 'buffer'), keep }, filled)
    } catch (error) {
      if (file) this.#unlink(file.name)
      throw error
    } finally {
      if (file) closeSync(file.descriptor)
    }
  }

  /** Creates a blob of the same bytes, with a hard link for a file. Removes it if `commit` throws. */
  link<T>(from: Blob, md5: Buffer, commit: (blob: WrittenBlob) => T): T {
    const { size } = from
    if ('id' in from) {
      const bytes = this.#contents.findContent(from.id)
      return commit({ size, md5, keep: () => ({ id: this.#contents.addContent(bytes), size }) })
    }
    const file = randomUUID()
    try {
      linkSync(join(this.#directory, from.file), join(this.#directory, file))
      return commit({ size, md5, keep: () => ({ file, size }) })
    } catch (error) {
      this.#unlink(file)
      throw error
    }
  }

  /** Reads a span of the concatenated blobs: at once if it is small. */
  read(blobs: readonly Blob[], span: Span): Buffer | Readable {
    const [blob, ...others] = blobs
    if (!blob || others.length > 0 || span.last - span.first >= SMALL) return this.stream(blobs, span)
    if ('id' in blob) return this.#contents.findContent(blob.id).subarray(span.first, span.last + 1)
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
    const pieces: (Buffer | { file: string; start: number; end: number })[] = []
    let offset = 0
    for (const blob of blobs) {
      const start = Math.max(first - offset, 0)
      const end = Math.min(last - offset, blob.size - 1)
      if (start <= end)
        pieces.push(
          'id' in blob
            ? this.#contents.findContent(blob.id).subarray(start, end + 1)
            : { file: blob.file, start, end },
        )
      offset += blob.size
    }
    const files = pieces.flatMap(piece => ('file' in piece ? piece.file : []))
    for (const file of files) this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1)
    const directory = this.#directory
    const bytes = async function* () {
      for (const piece of pieces)
        if ('file' in piece) yield* createReadStream(join(directory, piece.file), piece)
        else yield piece
    }
    const stream = Readable.from(bytes(), { objectMode: false })
    return stream.once('close', () => {
      for (const file of files) this.#release(file)
    })
  }

  /** Removes those in the catalogue. Call it in the transaction that removes their object, and then call `removeFiles`. */
  removeContents(blobs: readonly Blob[]): void {
    for (const blob of blobs) if ('id' in blob) this.#contents.removeContent(blob.id)
  }

  removeFiles(blobs: readonly Blob[]): void {
    for (const blob of blobs)
      if ('id' in blob) continue
      else if (this.#readers.has(blob.file)) this.#pendingRemoval.add(blob.file)
      else this.#unlink(blob.file)
  }

  /** Removes every file that is not in `keep`. */
  sweep(keep: ReadonlySet<string>): void {
    for (const file of readdirSync(this.#directory)) if (!keep.has(file)) this.#unlink(file)
  }

  /** Creates the file with the first pieces. Synchronous: a thread takes longer to start than to write a piece. */
  #append(opened: OpenFile | null, pieces: readonly Buffer[]): OpenFile {
    const file = opened ?? this.#createFile()
    for (const bytes of pieces) {
      file.md5.update(bytes)
      writeFileSync(file.descriptor, bytes)
    }
    return file
  }

  #createFile(): OpenFile {
    const name = randomUUID()
    const descriptor = openSync(join(this.#directory, name), 'wx', 0o600)
    return { name, descriptor, md5: createHash('md5') }
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
