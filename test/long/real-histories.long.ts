import { afterAll, beforeAll, expect, test } from 'vitest'
import { playRealHistory } from '../random/real-history.ts'
import { sharedTestSystem, type TestSystem } from '../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const RUNS = 20
const AT_ONCE = 4
const SEED = Number(process.env.LAMBCI_TEST_SEED ?? 1)
const groups = Array.from({ length: RUNS / AT_ONCE }, (_, group) => SEED + group * AT_ONCE)

test.each(groups)(
  'random histories of real repositories end with the truth (LAMBCI_TEST_SEED=%i)',
  async seed => {
    const played = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, run) =>
        (await playRealHistory(ci, seed + run)).map(sentence => `Seed ${seed + run}: ${sentence}`),
      ),
    )
    expect(played.flat()).toEqual([])
  },
)
