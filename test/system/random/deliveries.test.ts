import { afterEach, expect, test, vi } from 'vitest'
import { playDeliveries } from '../../random/deliveries.ts'

afterEach(() => vi.restoreAllMocks())

/** `.ci/run` plays 2,000. */
const RUNS = 500

test(`of ${RUNS} random deliveries, only what was signed as exactly that is admitted`, async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const seed = 1
  console.log(
    `Random deliveries from seed ${seed}: npm run test:random -- --deliveries --seed ${seed} --runs ${RUNS}`,
  )
  const { wrong, admitted, refused } = await playDeliveries(seed, RUNS)
  expect(wrong).toEqual([])
  // Otherwise it would show nothing.
  expect(admitted).toBeGreaterThan(RUNS / 20)
  expect(refused.size).toBeGreaterThan(8)
})
