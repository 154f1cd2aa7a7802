import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { startBenchServers } from './bench-servers.ts'
import { BUILD_CASES, type BuildRow, benchBuild } from './builds.ts'
import { benchCache, type CacheRow } from './caches.ts'
import { benchJobs } from './jobs.ts'
import { benchLiveDelay } from './live.ts'
import { LOG_CASES } from './log-cases.ts'
import { benchLog, type LogRow } from './logs.ts'
import { benchPages } from './pages.ts'
import { benchStarts } from './starts.ts'
import { benchSystem } from './system.ts'

/**
 * `npm run bench [-- --only TEXT] [--json]`: measures the overhead of builds over their commands. Each case is compared
 * with a bare run (git fetch, git checkout, the same command writing to a file) over the same transport.
 */
const { values } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'boolean' } } })
const isSelected = (name: string) => name.includes(values.only ?? '')

const bench = await startBenchServers()
const builds: BuildRow[] = []
const logs: LogRow[] = []
const caches: CacheRow[] = []
const ms = (value: number) => `${value.toFixed(0)} ms`
const print = (line: string) => {
  if (!values.json) console.log(line)
}
try {
  print(`Node ${process.version}, ${cpus().length} cores; medians\n`)
  print(
    describe(
      'build',
      'bare',
      'build',
      '9 of 10',
      'ratio',
      'over',
      'before',
      'after',
      'calls',
      'in a row',
      'sent, got',
    ),
  )
  for (const test of BUILD_CASES.filter(({ name }) => isSelected(name))) {
    const row = await benchBuild(test, bench)
    builds.push(row)
    print(describeBuild(row))
  }
  if (isSelected('cache')) caches.push(...(await benchCache(bench)))
  for (const { name, bareMs, cacheMs, slowMs, ratio, megabytes } of caches)
    print(
      `${name}: tar ${ms(bareMs)}, here ${ms(cacheMs)}, 9 of 10 within ${ms(slowMs)}, ${ratio.toFixed(2)} x, ${megabytes.toFixed(0)} MB packed`,
    )
  print(`\n${describe('log of a build', 'bare', 'build', '9 of 10', 'ratio', 'memory', 'sent to S3')}`)
  for (const test of LOG_CASES.filter(({ name }) => isSelected(name))) {
    const row = await benchLog(test, bench)
    logs.push(row)
    print(describeLog(row))
  }
} finally {
  await bench.close()
}
const starts = isSelected('start') ? await benchStarts() : []
const whole = isSelected('whole system') ? await benchSystem() : null
const jobs = isSelected('several jobs') ? await benchJobs() : []
const pages = isSelected('pages') ? await benchPages() : []
const live = isSelected('live delay') ? await benchLiveDelay() : null
for (const row of starts)
  print(`${row.name}: ${ms(row.ms)}, 9 of 10 within ${ms(row.slowMs)}, ${ms(row.overMs)} over bare`)
if (whole) {
  const { webhook, push, many } = whole
  print(
    `webhook until accepted: warm ${ms(webhook.warmMs)}, 9 of 10 within ${ms(webhook.slowMs)}, cold ${ms(webhook.coldMs)}`,
  )
  print(`push until final status, warm: ${ms(push.ms)}, 9 of 10 within ${ms(push.slowMs)}`)
  print(
    `${many.builds} builds, ${many.concurrency} concurrently: bare ${ms(many.bareMs)}, here ${ms(many.ms)}, ${many.ratio.toFixed(1)} x`,
  )
}
for (const row of jobs) {
  print(
    `${row.jobs} jobs of true, ${row.concurrency} at once, push until final status: ${ms(row.ms)}, ${row.statuses} statuses, ~$${row.cost.toFixed(4)}`,
  )
  print(
    `  report: ${row.reportInvocations} invocations, ${row.reportRequests} requests to S3 (${row.requestsPerJob.toFixed(1)} a job), ~$${row.reportCost.toFixed(4)}: ${(row.reportShare * 100).toFixed(1)} % of the build if each job took a minute`,
  )
}
for (const { name, frames, medianMs, p95Ms, slowestMs } of pages)
  print(
    `${name}: script and layout in a frame: median ${medianMs.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms, slowest ${slowestMs.toFixed(1)} ms, of ${frames} frames with any`,
  )
if (values.json)
  console.log(
    JSON.stringify({
      node: process.version,
      cores: cpus().length,
      builds,
      caches,
      logs,
      starts,
      whole,
      jobs,
      pages,
      live,
    }),
  )
else if (live)
  console.log(
    `\nA line every 10 ms, until it can be read over HTTP: median ${live.medianMs} ms, p95 ${live.p95Ms} ms, of ${live.lines} lines`,
  )

function describe(name: string, ...cells: string[]): string {
  return `${name.padEnd(26)}${cells.map(cell => cell.padStart(12)).join('')}`
}

function describeBuild(row: BuildRow): string {
  return describe(
    row.name,
    ...[row.bareMs, row.buildMs, row.slowMs].map(ms),
    `${row.ratio.toFixed(2)} x`,
    ...[row.overMs, row.beforeMs, row.afterMs].map(ms),
    String(row.calls),
    row.inRow?.join(', ') ?? '',
    `${row.sentKb.toFixed(0)}, ${row.receivedKb.toFixed(0)} kB`,
  )
}

function describeLog({ name, bareMs, buildMs, slowMs, ratio, memoryMb, sent }: LogRow): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(3)} s`
  return describe(
    name,
    seconds(bareMs),
    seconds(buildMs),
    seconds(slowMs),
    `${ratio.toFixed(1)} x`,
    `${memoryMb.toFixed(0)} MB`,
    `${sent.toFixed(2)} x`,
  )
}
