import { expect, test } from 'vitest'
import { countBuild, lastNumber, raiseCounter } from '../../../src/records/counter.ts'
import { counterKey } from '../../../src/records/keys.ts'
import { countedStore } from '../../support/counted-store.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { after } from '../../support/records.ts'

const PROJECT = 'gh/ada/web'
const KEY = counterKey(PROJECT)
const LIMITS = { maxForkBuildsPerDay: 1, maxBuildsPerDay: 3 }
const count = (store: Parameters<typeof countBuild>[0], isFork = false) =>
  countBuild(store, { project: PROJECT, isFork }, LIMITS, after(0))
const stored = async (store: Parameters<typeof countBuild>[0]) =>
  JSON.parse(Buffer.from((await store.get(KEY))?.body ?? '{}').toString())

test('admitting a build reads the counter once, and writes it twice', async () => {
  const { store, requests } = countedStore(openMemoryStore())
  const number = (await lastNumber(store, PROJECT)) + 1
  expect(await count(store)).toBeNull()
  await raiseCounter(store, PROJECT, number)
  expect(requests).toEqual([`get ${KEY}`, `putIf ${KEY}`, `putIf ${KEY}`])
  expect(await stored(store)).toMatchObject({ number: 1, today: { builds: 1, forks: 0 } })
})

test('what others have written since the counter was read is not lost', async () => {
  const store = openMemoryStore()
  await lastNumber(store, PROJECT)
  // Another process has a store of its own.
  const other = countedStore(store).store
  await count(other, true)
  await raiseCounter(other, PROJECT, 5)
  expect(await count(store, true)).toBe('fork-builds')
  expect(await count(store)).toBeNull()
  await raiseCounter(other, PROJECT, 6)
  await raiseCounter(store, PROJECT, 2)
  expect(await stored(store)).toMatchObject({ number: 6, today: { builds: 2, forks: 1 } })
})

test('a counter that was read long ago, or of another repository, is read again', async () => {
  const { store, requests } = countedStore(openMemoryStore())
  await lastNumber(store, 'gh/ada/other')
  await raiseCounter(store, PROJECT, 1)
  expect(requests).toEqual([`get ${counterKey('gh/ada/other')}`, `get ${KEY}`, `putIf ${KEY}`])
})
