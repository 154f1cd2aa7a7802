import { afterAll, beforeAll, expect, test } from 'vitest'
import { playRealHistory } from '../../random/real-history.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const RUNS = 20

test(`${RUNS} random histories of real repositories end with the truth`, async () => {
  const seed = Number(process.env.LAMBCI_TEST_SEED ?? Math.floor(Math.random() * 1_000_000))
  console.log(`Random histories from seed ${seed}: LAMBCI_TEST_SEED=${seed}`)
  const played = await Promise.all(
    Array.from({ length: RUNS }, async (_, run) =>
      (await playRealHistory(ci, seed + run)).map(sentence => `Seed ${seed + run}: ${sentence}`),
    ),
  )
  expect(played.flat()).toEqual([])
})
