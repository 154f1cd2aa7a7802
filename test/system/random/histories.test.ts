import { afterEach, expect, test, vi } from 'vitest'
import { playHistory } from '../../random/history.ts'

afterEach(() => vi.restoreAllMocks())

const RUNS = 200
/** Always the same ones, so that a red run is about its commit; `npm run test:random` looks for others. */
const SEED = 7201

test(`${RUNS} random histories end with the truth`, async () => {
  // Report logs every refusal, of which there are many.
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const wrong: string[] = []
  for (let run = 0; run < RUNS; run++)
    for (const sentence of await playHistory(SEED + run)) wrong.push(`Seed ${SEED + run}: ${sentence}`)
  expect(wrong).toEqual([])
}, 240_000)
