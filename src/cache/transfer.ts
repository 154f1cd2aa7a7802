import type { Part, Store } from '../records/store.ts'

/** S3's minimum is 5 MiB. */
const PART_BYTES = 8 * 1024 * 1024
/** Parts of one object in flight. Bounds the memory use. */
const MAX_IN_FLIGHT = 2
const TYPE = 'application/zstd'

/** An object is missing that should exist. */
export class MissingArchive extends Error {
  override readonly name = 'MissingArchive'
}

/**
 * Reads an object, fetching ranges ahead.
 * @throws MissingArchive if it does not exist
 */
export async function* download(store: Store, key: string): AsyncGenerator<Uint8Array> {
  const ahead: Promise<Uint8Array | null>[] = []
  let next = 0
  const requestNext = () => {
    const range = store.getRange(key, next, PART_BYTES)
    // A consumer that stops early never awaits this promise.
    range.catch(() => {})
    ahead.push(range)
    next += PART_BYTES
  }
  requestNext()
  for (;;) {
    const part = await ahead.shift()
    if (!part && next <= PART_BYTES) throw new MissingArchive('an archive is missing')
    if (!part) return
    while (ahead.length < MAX_IN_FLIGHT) requestNext()
    yield part
    if (part.length < PART_BYTES) return
  }
}

/**
 * Stores a stream as one object. Returns its size in bytes.
 * @param isOnce whether an existing object is kept
 */
export async function upload(
  store: Store,
  key: string,
  stream: AsyncIterable<Uint8Array>,
  isOnce = false,
): Promise<number> {
  const { multipart } = store
  const sent: Promise<Part>[] = []
  let uploadId: string | null = null
  let bytes = 0
  for await (const [number, body, isLast] of partsOf(stream)) {
    bytes += body.length
    if (isLast && uploadId === null) {
      if (isOnce) await store.putOnce(key, body, TYPE)
      else await store.put(key, body, TYPE)
      return bytes
    }
    uploadId ??= await multipart.start(key, TYPE)
    const part = multipart.upload(key, uploadId, number, body)
    // Awaited later, where a rejection is thrown.
    part.catch(() => {})
    sent.push(part)
    await sent.at(-MAX_IN_FLIGHT)
  }
  const parts = await Promise.all(sent)
  try {
    await multipart.complete(key, uploadId ?? '', parts, isOnce)
  } catch (error) {
    // If the response was lost, the request cannot be repeated: the object exists, but the upload no longer does.
    const last = await store.getRange(key, bytes - 1, 1).catch(() => null)
    if (!last) throw error
  }
  return bytes
}

/** Splits a stream into parts, each with its number, from 1, and whether it is the last. */
async function* partsOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<[number, Uint8Array, boolean]> {
  let gathered: Uint8Array[] = []
  let length = 0
  let number = 1
  for await (const chunk of stream) {
    if (length >= PART_BYTES) {
      yield [number++, Buffer.concat(gathered), false]
      gathered = []
      length = 0
    }
    gathered.push(chunk)
    length += chunk.length
  }
  yield [number, Buffer.concat(gathered), true]
}
