import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { functionName } from '../../loopback/system/functions.ts'
import { readSummary } from '../../src/records/branch-summary.ts'
import { readRecords } from '../../src/records/read-records.ts'
import { viewOf } from '../../src/records/view.ts'
import { sendPush } from '../support/signed-push.ts'
import { lambciJson, openTestSystem } from '../support/test-system.ts'
import { startWriteLimit } from './write-limit.ts'

/**
 * `npm run test:load [-- --deliveries N --seconds S --repositories R]`: sends many deliveries in a short time to many
 * repositories, with eight concurrent builds. Exits with 1 if one is lost, built twice or answered too late.
 */
const { values } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '0' },
    repositories: { type: 'string', default: '50' },
  },
})
const [deliveries, seconds, repositories] = [values.deliveries, values.seconds, values.repositories].map(
  Number,
) as [number, number, number]
/** GitHub's timeout for a delivery. */
const ANSWER_MS = 10_000

const limit = await startWriteLimit()
const reach = (service: string, url: string) => {
  if (service !== 'github') return url
  limit.setTarget(url)
  return limit.url
}
const ci = await openTestSystem({ concurrency: 8, proxyUrl: reach })
const { addresses, store, lambda } = ci.system
const nameOf = (index: number) => `load/repository-${index}`

const at = await ci.write(lambciJson('true'))
const commit = await ci.push(at, nameOf(0), 'seed')
for (let index = 1; index < repositories; index++) await ci.push(at, nameOf(index), 'seed')
for (let index = 0; index < repositories; index++)
  await ci.ended({ project: `gh/${nameOf(index)}`, number: 1 })
const ids = await Promise.all(
  Array.from({ length: repositories }, async (_, index) => {
    const { id } = await ci.api('GET', `/repos/${nameOf(index)}`)
    return id as number
  }),
)
const before = { mails: ci.mails.length, ...limit.counts() }

let peakMb = 0
let serversMb = 0
const memoryTimer = setInterval(() => {
  const pids = ['http', 'report', 'run-protected', 'run-branch'].flatMap(name =>
    lambda.sandboxes(functionName(name as 'http')).map(({ pid }) => pid),
  )
  peakMb = Math.max(peakMb, ...pids.map(residentMb))
  serversMb = Math.max(serversMb, residentMb(process.pid))
}, 500)

function residentMb(pid: number): number {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes ?? 0) / 1024
  } catch {
    return 0
  }
}

type Accepted = { status: number; ms: number; project: string; number: number }

async function deliver(index: number): Promise<Accepted> {
  await sleep((index / deliveries) * seconds * 1000)
  const start = performance.now()
  const repository = index % repositories
  const named = { id: ids[repository] ?? 0, full_name: nameOf(repository) }
  const answer = await sendPush(addresses, named, commit)
  const { project, number } = (await answer.json()) as { project: string; number: number }
  return { status: answer.status, ms: performance.now() - start, project, number }
}

const answers = await Promise.all(Array.from({ length: deliveries }, (_, index) => deliver(index)))
const accepted = answers.filter(({ status }) => status === 202)
const start = performance.now()
for (const build of accepted) {
  for (;;) {
    const records = await readRecords(store, build)
    if (records?.report?.isClosed) break
    if (performance.now() - start > 1_500_000)
      throw new Error(`${build.project} #${build.number} has not ended`)
    await sleep(50)
  }
}
clearInterval(memoryTimer)
const views = await Promise.all(
  accepted.map(async build => viewOf((await readRecords(store, build)) as never)),
)
const names = accepted.map(({ project, number }) => `${project}#${number}`)
const newest = await Promise.all(
  Array.from({ length: repositories }, async (_, index) => {
    const project = `gh/${nameOf(index)}`
    const last = Math.max(...accepted.filter(each => each.project === project).map(({ number }) => number))
    return (await readSummary(store, project, 'master'))?.number === last
  }),
)
const times = answers.map(({ ms }) => ms).toSorted((one, other) => one - other)
const quantile = (part: number) =>
  Math.round(times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0)
const result = {
  deliveries,
  accepted: accepted.length,
  built: views.filter(({ status }) => status === 'passed').length,
  duplicates: names.length - new Set(names).size,
  lost: deliveries - accepted.length,
  'older over newer': newest.filter(isNewest => !isNewest).length,
  mails: ci.mails.length - before.mails,
  statuses: limit.counts().taken - before.taken,
  'refused by the limit': limit.counts().refused - before.refused,
  'webhook p50 ms': quantile(0.5),
  'webhook p99 ms': quantile(0.99),
  'webhook max ms': Math.round(times.at(-1) ?? 0),
  'peak MB of a function': Math.round(peakMb),
  'peak MB of the servers': Math.round(serversMb),
}
for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(24)}${value}`)
await ci.close()
await limit.close()
const isRight =
  result.built === deliveries &&
  result.duplicates === 0 &&
  result['older over newer'] === 0 &&
  result['webhook max ms'] < ANSWER_MS
process.exit(isRight ? 0 : 1)
