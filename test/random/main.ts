import { parseArgs } from 'node:util'
import { playDeliveries } from './deliveries.ts'
import { playHistory } from './history.ts'

/**
 * Plays many random histories: `npm run test:random -- --seed 1 --runs 10000`. Every failure names the seed that repeats it. With
 * `--deliveries`, sends as many random deliveries to the webhook instead.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    runs: { type: 'string', default: '10000' },
    deliveries: { type: 'boolean', default: false },
  },
})
const [seed, runs] = [Number(values.seed), Number(values.runs)]
console.log(`${runs} random ${values.deliveries ? 'deliveries' : 'histories'} from seed ${seed}`)
// Report logs every refusal, of which there are many.
console.error = () => {}
const failed = await (values.deliveries ? sendDeliveries() : playHistories())
console.log(
  failed === 0 ? 'All is well.' : `${failed} ${values.deliveries ? 'were wrong' : 'histories ended wrong'}.`,
)
process.exitCode = failed === 0 ? 0 : 1

async function playHistories(): Promise<number> {
  let wrongOnes = 0
  for (let run = 0; run < runs && wrongOnes < 10; run++) {
    const wrong = await playHistory(seed + run)
    if (wrong.length === 0) continue
    wrongOnes++
    console.log(`Seed ${seed + run}:\n  ${wrong.join('\n  ')}`)
  }
  return wrongOnes
}

async function sendDeliveries(): Promise<number> {
  const startedAt = performance.now()
  const { admitted, refused, wrong } = await playDeliveries(seed, runs)
  console.log(
    `Admitted: ${admitted}, in ${((performance.now() - startedAt) / 1000).toFixed(0)} s. All others:`,
  )
  for (const [answer, count] of [...refused].toSorted(([, one], [, other]) => other - one))
    console.log(`${String(count).padStart(7)}  ${answer}`)
  for (const sentence of wrong.slice(0, 10)) console.log(sentence)
  return wrong.length
}
