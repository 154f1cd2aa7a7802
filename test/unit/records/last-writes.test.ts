import { afterEach, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { updateRecord } from '../../../src/records/update-record.ts'
import { countedStore } from '../../support/counted-store.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

const KEY = 'gh/ada/web/counter.json'
const schema = z.object({ count: z.int(), text: z.string().optional() })
type Count = z.infer<typeof schema>
const increment = (current: Count | null): Count => ({ ...current, count: (current?.count ?? 0) + 1 })

afterEach(() => void vi.useRealTimers())

/** A store of this process with one record that it has written, and another process that writes to the same bucket. */
async function written(first: Count = { count: 1 }) {
  const bucket = openMemoryStore()
  const { store, requests } = countedStore(bucket)
  await updateRecord(store, KEY, schema, () => first)
  requests.length = 0
  const elsewhere = (count: number) => bucket.put(KEY, JSON.stringify({ count }), 'application/json')
  const stored = async () =>
    schema.parse(JSON.parse(String(Buffer.from((await bucket.get(KEY))?.body ?? ''))))
  return { bucket, store, requests, elsewhere, stored }
}

test('a record that this process has written a moment ago is not read before it is written again', async () => {
  const { store, requests, stored } = await written()
  for (const count of [2, 3]) {
    expect((await updateRecord(store, KEY, schema, increment)).value).toEqual({ count })
    expect(requests.splice(0)).toEqual([`putIf ${KEY}`])
  }
  expect(await stored()).toEqual({ count: 3 })
})

test('what others have written since is read, and changed at once', async () => {
  const { store, requests, elsewhere, stored } = await written()
  await elsewhere(10)
  expect((await updateRecord(store, KEY, schema, increment)).value).toEqual({ count: 11 })
  expect(requests).toEqual([`putIf ${KEY}`, `get ${KEY}`, `putIf ${KEY}`])
  expect(await stored()).toEqual({ count: 11 })
})

test('that a record was removed since is seen', async () => {
  const { bucket, store, stored } = await written({ count: 5 })
  await bucket.remove(KEY)
  await updateRecord(store, KEY, schema, increment)
  expect(await stored()).toEqual({ count: 1 })
})

test('that nothing is to be changed follows from what is there, not from what was written', async () => {
  const { store, requests, elsewhere, stored } = await written({ count: 5 })
  await elsewhere(1)
  const atLeastFive = (current: Count | null) => (current && current.count >= 5 ? current : { count: 5 })
  expect((await updateRecord(store, KEY, schema, atLeastFive)).value).toEqual({ count: 5 })
  expect(requests).toEqual([`get ${KEY}`, `putIf ${KEY}`])
  expect(await stored()).toEqual({ count: 5 })
})

test('what a change makes of a value has no effect on the next one', async () => {
  const { store } = await written()
  const spoil = (current: Count | null): Count => Object.assign(current ?? { count: 0 }, { count: 99 })
  await updateRecord(store, KEY, schema, spoil)
  expect((await updateRecord(store, KEY, schema, increment)).value).toEqual({ count: 2 })
})

test.each([
  ['is a minute old', { count: 1 }, 60_000],
  ['is large', { count: 1, text: 'x'.repeat(16_384) }, 0],
])('a record that %s is read', async (_, first, ageMs) => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const { store, requests } = await written(first)
  vi.setSystemTime(Date.now() + ageMs)
  await updateRecord(store, KEY, schema, increment)
  expect(requests).toEqual([`get ${KEY}`, `putIf ${KEY}`])
})
