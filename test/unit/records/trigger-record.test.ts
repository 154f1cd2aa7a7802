import { expect, test } from 'vitest'
import { triggerKey } from '../../../src/records/keys.ts'
import { readTrigger, recordBuild, recordEnd } from '../../../src/records/trigger-record.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

const REF = { project: 'gh/ada/web', trigger: 'pr/7' }
const commit = 'a'.repeat(40)
const numbersOf = (record: { builds: readonly { number: number }[] } | null) =>
  record?.builds.map(({ number }) => number)

test('builds are remembered newest first, each once, whatever order they come in', async () => {
  const store = openMemoryStore()
  for (const number of [2, 9, 4, 9, 2]) await recordBuild(store, { ...REF, number, commit }, number !== 4)
  expect(await readTrigger(store, REF)).toEqual({
    builds: [9, 4, 2].map(number => ({ number, commit, isArrival: number !== 4 })),
    isGone: false,
  })
  expect(await readTrigger(store, { ...REF, trigger: 'pr/77' })).toBeNull()
})

test('the record stays small, and rebuilds take the place of no arrival', async () => {
  const store = openMemoryStore()
  for (let number = 1; number <= 40; number++) await recordBuild(store, { ...REF, number, commit }, true)
  for (let number = 41; number <= 200; number++) await recordBuild(store, { ...REF, number, commit }, false)
  const record = await readTrigger(store, REF)
  expect(record?.builds.filter(({ isArrival }) => isArrival).map(({ number }) => number)).toEqual(
    Array.from({ length: 30 }, (_, index) => 40 - index),
  )
  expect(record?.builds).toHaveLength(60)
  expect((await store.get(triggerKey(REF)))?.size).toBeLessThan(8192)
})

test('of builds that are recorded at the same time, each pair is seen by one of them', async () => {
  const store = openMemoryStore()
  const numbers = [5, 3, 8, 1, 7, 2, 6, 4]
  const seen = await Promise.all(
    numbers.map(async number => numbersOf(await recordBuild(store, { ...REF, number, commit }, true)) ?? []),
  )
  for (const [one, number] of numbers.entries())
    for (const [other, another] of numbers.entries())
      expect(seen[one]?.includes(another) || seen[other]?.includes(number)).toBe(true)
})

test('the end of a branch or pull request is remembered until something arrives again', async () => {
  const store = openMemoryStore()
  expect(await recordEnd(store, REF)).toBeNull()
  expect(await store.get(triggerKey(REF))).toBeNull()
  await recordBuild(store, { ...REF, number: 1, commit }, true)
  expect(await recordEnd(store, REF)).toMatchObject({ isGone: true })
  expect(await recordBuild(store, { ...REF, number: 2, commit }, false)).toMatchObject({ isGone: true })
  expect(await recordBuild(store, { ...REF, number: 3, commit }, true)).toMatchObject({ isGone: false })
})
