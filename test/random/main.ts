import { parseArgs } from 'node:util'
import { playHistory } from './history.ts'

/** Plays many random histories: `npm run test:random -- --seed 1 --runs 10000`. Every failure names the seed that repeats it. */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    runs: { type: 'string', default: '10000' },
  },
})
const [seed, runs] = [Number(values.seed), Number(values.runs)]
console.log(`${runs} random histories from seed ${seed}`)
// Report logs every refusal, of which there are many.
console.error = () => {}
let failed = 0
for (let run = 0; run < runs; run++) {
  const wrong = await playHistory(seed + run)
  if (wrong.length === 0) continue
  failed++
  console.log(`Seed ${seed + run}:\n  ${wrong.join('\n  ')}`)
  if (failed === 10) break
}
console.log(failed === 0 ? 'All is well.' : `${failed} histories ended wrong.`)
process.exitCode = failed === 0 ? 0 : 1
