import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeContract } from '../../contracts/store.ts'
import { BUCKET, type Bucket, openBucket } from '../../support/bucket.ts'
import { directStore } from '../../support/direct-store.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

storeContract('a bucket that is read without requests', async () => {
  const { store, reads } = bucket
  for (const { key } of await store.list('')) await store.remove(key)
  return directStore(store, BUCKET, reads)
})

test('reading without requests finds what requests find', async () => {
  const { store, reads } = bucket
  const direct = directStore(store, BUCKET, reads)
  const part = new Uint8Array(5 * 1024 * 1024).fill(7)
  const id = await store.multipart.start('several/parts', 'text/plain')
  const parts = [
    await store.multipart.upload('several/parts', id, 1, part),
    await store.multipart.upload('several/parts', id, 2, Buffer.from('end')),
  ]
  await store.multipart.complete('several/parts', id, parts)
  for (const key of ['a', 'several/ä', 'several/b/c', 'several/empty'])
    await store.put(key, key.endsWith('empty') ? '' : key, 'text/plain')
  for (const key of ['a', 'several/parts', 'several/empty', 'missing']) {
    expect(await direct.get(key), key).toEqual(await store.get(key))
    for (const from of [0, 1, part.length - 2, part.length])
      expect(await direct.getRange(key, from, 4), `${key} ${from}`).toEqual(
        await store.getRange(key, from, 4),
      )
  }
  for (const options of [{}, { limit: 2 }, { delimiter: '/' }, { startAfter: 'several/b/c' }])
    for (const prefix of ['', 'several/'])
      expect(await direct.list(prefix, options)).toEqual(await store.list(prefix, options))
})
