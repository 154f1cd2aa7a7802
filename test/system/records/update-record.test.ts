import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import * as z from 'zod'
import type { Store } from '../../../src/records/store.ts'
import { ContentionError, createRecord, updateRecord } from '../../../src/records/update-record.ts'
import { type Bucket, openAt, openBucket, putJson, readJson } from '../../support/bucket.ts'
import { startProxy } from '../../support/proxy.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())
afterEach(() => void vi.restoreAllMocks())

const schema = z.object({ count: z.int() })
type Count = z.infer<typeof schema>
let keys = 0
const newKey = () => `gh/ada/web/record-${++keys}.json`
const increment = (current: Count | null): Count => ({ count: (current?.count ?? 0) + 1 })

/** A store that counts its requests. */
function counting(store: Store) {
  const requests = { get: 0, putIf: 0 }
  const counted: Store = {
    ...store,
    get: key => {
      requests.get += 1
      return store.get(key)
    },
    putIf: (...args) => {
      requests.putIf += 1
      return store.putIf(...args)
    },
  }
  return { store: counted, requests }
}

test('concurrent changes are all applied', async () => {
  const key = newKey()
  await Promise.all(Array.from({ length: 12 }, () => updateRecord(bucket.store, key, schema, increment)))
  expect(await readJson(bucket.store, key)).toMatchObject({ count: 12 })
})

test('a write whose answer was lost is recognised, and applied once', async () => {
  const key = newKey()
  await updateRecord(bucket.store, key, schema, increment)
  let lost = 0
  const proxy = await startProxy(bucket.url, ({ method }) => method === 'PUT' && lost++ === 0)
  const { value, version } = await updateRecord(openAt(proxy.url), key, schema, increment)
  await proxy.close()
  expect(lost).toBeGreaterThan(0)
  expect(value).toEqual({ count: 2 })
  expect(await readJson(bucket.store, key)).toMatchObject({ count: 2 })
  expect(version?.etag).toBe((await bucket.store.get(key))?.etag)
})

test('nothing is written if nothing changes, or null is answered for a missing record', async () => {
  const { store, requests } = counting(bucket.store)
  const key = newKey()
  expect(await updateRecord(store, key, schema, current => current)).toEqual({ value: null, version: null })
  await updateRecord(store, key, schema, increment)
  const { value } = await updateRecord(store, key, schema, current => current)
  expect([value, requests.putIf]).toEqual([{ count: 1 }, 1])
})

test('a known version is not read again, and a wrong one does no harm', async () => {
  const { store, requests } = counting(bucket.store)
  const key = newKey()
  const first = await updateRecord(store, key, schema, increment, null)
  const second = await updateRecord(store, key, schema, increment, first.version)
  expect([second.value, requests]).toEqual([{ count: 2 }, { get: 0, putIf: 2 }])
  const third = await updateRecord(store, key, schema, increment, first.version)
  expect([third.value, requests.get]).toEqual([{ count: 3 }, 1])
  const fourth = await updateRecord(store, key, schema, increment, null)
  expect(fourth.value).toEqual({ count: 4 })
})

test('a record that always changes is given up with an error that names it', async () => {
  const key = newKey()
  // The pauses between attempts are random; these are the shortest.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const failed = updateRecord(bucket.store, key, schema, async current => {
    await putJson(bucket.store, key, { count: (current?.count ?? 0) + 100 })
    return increment(current)
  })
  await expect(failed).rejects.toThrow(ContentionError)
  await expect(failed).rejects.toThrow(`${key} was changed by others 100 times in a row. Try again.`)
})

test('a record that is no such record is an error, and stays', async () => {
  const key = newKey()
  await putJson(bucket.store, key, { count: 'many' })
  await expect(updateRecord(bucket.store, key, schema, increment)).rejects.toThrow(z.ZodError)
  expect(await readJson(bucket.store, key)).toEqual({ count: 'many' })
})

test('a record is created once: its creator recognises it, others do not', async () => {
  const key = newKey()
  const create = (count: number) =>
    createRecord(
      bucket.store,
      key,
      { count },
      {
        read: async () => schema.parse(await readJson(bucket.store, key)),
        isOwn: standing => standing.count === count,
      },
    )
  expect(await create(1)).toEqual({ count: 1 })
  expect(await create(1)).toEqual({ count: 1 })
  expect(await create(2)).toBeNull()
})
