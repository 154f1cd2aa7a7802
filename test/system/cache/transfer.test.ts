import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { download, upload } from '../../../src/cache/transfer.ts'
import { type Rule, startFaultProxy } from '../../faults/fault-proxy.ts'
import { type Bucket, keysIn, openAt, openDirectBucket } from '../../support/bucket.ts'

const MB = 1024 * 1024
/** Of four parts. */
const LARGE = randomBytes(25 * MB)
let bucket: Bucket
const rules: Rule[] = []
let proxy: Awaited<ReturnType<typeof startFaultProxy>>
beforeAll(async () => {
  bucket = await openDirectBucket()
  proxy = await startFaultProxy(rules)
  proxy.setTarget(bucket.url)
})
afterAll(async () => {
  await proxy.close()
  await bucket.close()
})

/** Yields slowly, so that parts are sent while others are gathered. */
async function* slowly(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += MB) {
    await sleep(5)
    yield bytes.subarray(at, at + MB)
  }
}
async function read(key: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of download(bucket.store, key)) pieces.push(piece)
  return Buffer.concat(pieces)
}

test.each([1, 8 * MB - 1, 8 * MB, 8 * MB + 1, LARGE.length])(
  '%i bytes are downloaded as they were uploaded',
  async size => {
    const bytes = LARGE.subarray(0, size)
    expect(await upload(bucket.store, 'there', slowly(bytes))).toBe(size)
    expect((await read('there')).equals(bytes)).toBe(true)
  },
)

test.each([1, 2, 4])('if part %i fails, no object is created', async number => {
  const address = new RegExp(`/broken-${number}\\?partNumber=${number}&`)
  rules.push({ method: 'PUT', address, nth: 1, times: 1000, fault: 403, seen: 0 })
  const store = openAt(proxy.url)
  await expect(upload(store, `broken-${number}`, slowly(LARGE))).rejects.toThrow()
  store.close()
  expect(rules.at(-1)?.seen).toBeGreaterThan(0)
  expect(await keysIn(bucket, 'broken')).toEqual([])
})

test('a missing object is an error', async () => {
  await expect(read('nowhere')).rejects.toThrow('an archive is missing')
})
