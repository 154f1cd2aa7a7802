import { afterEach, expect, test, vi } from 'vitest'
import { playHistory } from '../../random/history.ts'

afterEach(() => vi.restoreAllMocks())

const RUNS = 200

test(`${RUNS} random histories end with the truth`, async () => {
  // Report logs every refusal, of which there are many.
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const seed = Math.floor(Math.random() * 1_000_000)
  console.log(`Random histories from seed ${seed}: npm run test:random -- --seed ${seed} --runs ${RUNS}`)
  const wrong: string[] = []
  for (let run = 0; run < RUNS; run++)
    for (const sentence of await playHistory(seed + run)) wrong.push(`Seed ${seed + run}: ${sentence}`)
  expect(wrong).toEqual([])
}, 240_000)
