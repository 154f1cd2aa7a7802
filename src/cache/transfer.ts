import type { Part, Store } from '../records/store.ts'

/** S3's parts are 5 MiB at least. */
const PART_BYTES = 8 * 1024 * 1024
/** Parts of one object on their way at once: what is held in memory is about as many. */
const AT_ONCE = 2
const TYPE = 'application/zstd'

/** The bytes of an object, its ranges fetched ahead in parallel; throws where it is not there. */
export async function* download(store: Store, key: string): AsyncGenerator<Uint8Array> {
  const ahead: Promise<Uint8Array | null>[] = []
  let next = 0
  const ask = () => {
    const range = store.getRange(key, next, PART_BYTES)
    // Whoever stops reading does not wait for those that were asked for in advance.
    range.catch(() => {})
    ahead.push(range)
    next += PART_BYTES
  }
  ask()
  for (;;) {
    const part = await ahead.shift()
    if (!part && next <= PART_BYTES) throw new Error('an archive is gone')
    if (!part) return
    while (ahead.length < AT_ONCE) ask()
    yield part
    if (part.length < PART_BYTES) return
  }
}

/** Stores a stream as one object; answers its size. */
export async function upload(store: Store, key: string, stream: AsyncIterable<Uint8Array>): Promise<number> {
  const { multipart } = store
  const sent: Promise<Part>[] = []
  let uploadId: string | null = null
  let bytes = 0
  for await (const [number, body, isLast] of numbered(stream)) {
    bytes += body.length
    if (isLast && uploadId === null) {
      await store.put(key, body, TYPE)
      return bytes
    }
    uploadId ??= await multipart.start(key, TYPE)
    const part = multipart.upload(key, uploadId, number, body)
    // It is thrown where it is waited for.
    part.catch(() => {})
    sent.push(part)
    await sent.at(-AT_ONCE)
  }
  await multipart.complete(key, uploadId ?? '', await Promise.all(sent))
  return bytes
}

async function* numbered(stream: AsyncIterable<Uint8Array>): AsyncGenerator<[number, Uint8Array, boolean]> {
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
