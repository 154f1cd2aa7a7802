import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PRICES } from '../../src/records/cost.ts'
import type { View } from '../../src/records/view.ts'
import { type ForwardingProxy, startProxy } from '../../test/support/proxy.ts'
import { openTestSystem, type TestSystem } from '../../test/support/test-system.ts'
import { bundle, bundleModule, ENTRIES, writeBundle } from '../bundle.ts'
import { median } from './numbers.ts'

export type JobsResult = {
  jobs: number
  concurrency: number
  /** From the push until GitHub has the final status. */
  ms: number
  /** For all report functions, including refused wakes. */
  reportRequests: number
  requestsPerJob: number
  reportInvocations: number
  /** An estimate in US dollars, from measured invocations and requests. */
  reportCost: number
  /** As a share of the build's cost if each of its jobs took a minute. */
  reportShare: number
  /** Estimates in US dollars. */
  cost: number
  statuses: number
}

const CONCURRENCY = 8
const ROUNDS = 3
const BOOTSTRAP = join(import.meta.dirname, '..', '..', 'loopback', 'lambda', 'bootstrap.ts')

const isRead = ({ method, url }: IncomingMessage) => method === 'GET' && !url?.includes('list-type=2')

/** The report function, with a log of the duration of each invocation. */
function writeTimedReport(directory: string): void {
  mkdirSync(directory)
  writeFileSync(join(directory, 'package.json'), '{"type":"commonjs"}')
  writeFileSync(
    join(directory, 'index.js'),
    `const { handler } = require('../report/index.js')
exports.handler = async (...args) => {
  const start = performance.now()
  try { return await handler(...args) } finally { console.log('report took ' + (performance.now() - start) + ' ms') }
}
`,
  )
}

/** The requests, invocations and cost of report for a build with this number of jobs. Report has 512 MB of memory. */
function reportOf(used: { reads: number; writes: number; invocations: number; ms: number }, jobs: number) {
  const gbSecond = PRICES.gbSecond.arm64
  const requests = used.reads * PRICES.s3Read + used.writes * PRICES.s3Write
  const reportCost = (used.ms / 1000) * 0.5 * gbSecond + used.invocations * PRICES.invocation + requests
  // With 2 GB, as in the template.
  const minutes = jobs * 60 * 2 * gbSecond
  const reportRequests = used.reads + used.writes
  return {
    ...{ reportRequests, requestsPerJob: reportRequests / jobs, reportInvocations: used.invocations },
    ...{ reportCost, reportShare: reportCost / (reportCost + minutes) },
  }
}

async function raiseLimits({ system: { store } }: TestSystem): Promise<void> {
  const settings = await store.get('config/global.json')
  const account = { ...JSON.parse(String(settings?.body)), maxJobs: 100, maxRunningJobs: CONCURRENCY }
  await store.put('config/global.json', JSON.stringify(account), 'application/json')
}

/** Measures builds of many jobs of `true` on the whole system: 12 cells of a matrix, and 100 shards, 8 at once. */
export async function benchJobs(): Promise<JobsResult[]> {
  const bundles = mkdtempSync(join(tmpdir(), 'lambci-bundles-'))
  for (const entry of ENTRIES) await writeBundle(await bundle(entry), join(bundles, entry))
  await writeBundle(await bundleModule(BOOTSTRAP), join(bundles, 'bootstrap'))
  writeTimedReport(join(bundles, 'timed-report'))
  const moduleOf = (entry: string) => join(bundles, entry === 'report' ? 'timed-report' : entry, 'index.js')
  const used = { reads: 0, writes: 0, invocations: 0, ms: 0 }
  let proxy: ForwardingProxy | undefined
  const isReport = ({ headers }: IncomingMessage) => {
    const [, key = ''] = /Credential=([^/]+)/.exec(headers.authorization ?? '') ?? []
    return ci.system.servers.sts.principalOf(key)?.arn.includes('lambci-report')
  }
  let target = ''
  proxy = await startProxy(
    () => target,
    message => {
      if (isReport(message)) used[isRead(message) ? 'reads' : 'writes'] += 1
      return false
    },
  )
  const { url: proxyUrl } = proxy
  const ci: TestSystem = await openTestSystem({
    ...{ concurrency: CONCURRENCY, moduleOf, bootstrap: moduleOf('bootstrap'), environment: {} },
    onLog: (_, __, line) => {
      const [, ms] = /^report took ([\d.]+) ms$/.exec(line) ?? []
      if (ms === undefined) return
      used.invocations += 1
      used.ms += Number(ms)
    },
    proxyUrl: (service, url) => {
      if (service !== 's3') return url
      target = url
      return proxyUrl
    },
  })
  try {
    await raiseLimits(ci)
    const cells = { NODE: ['20', '22', '24'], OS: ['a', 'b', 'c', 'd'] }
    const results: JobsResult[] = []
    for (const [name, job] of [
      ['matrix', { cmd: 'true', matrix: cells }],
      ['shards', { cmd: 'true', shards: 100 }],
    ] as const) {
      const at = await ci.write({ '.lambci.json': JSON.stringify({ jobs: { unit: job } }) })
      const rounds: { ms: number; view: View; statuses: number }[] = []
      for (let number = 1; number <= (name === 'matrix' ? ROUNDS + 1 : 1); number++) {
        await ci.system.lambda.idle()
        Object.assign(used, { reads: 0, writes: 0, invocations: 0, ms: 0 })
        const start = performance.now()
        const commit = await ci.push(at, `bench/${name}`, 'master', { 'change.txt': String(number) })
        const view = await ci.ended({ project: `gh/bench/${name}`, number })
        const ms = performance.now() - start
        await ci.system.lambda.idle()
        const statuses = (await ci.statuses(`bench/${name}`, commit)).length
        rounds.push({ ms, view, statuses })
      }
      const last = rounds.at(-1)
      if (last?.view.status !== 'passed') throw new Error(`${name}: ${last?.view.reason}`)
      const jobs = last.view.jobs.length
      results.push({
        ...{ jobs, concurrency: CONCURRENCY, ms: median(rounds.slice(-ROUNDS).map(({ ms }) => ms)) },
        ...reportOf(used, jobs),
        ...{ cost: last.view.cost ?? 0, statuses: last.statuses },
      })
    }
    return results
  } finally {
    await ci.close()
    await proxy.close()
    rmSync(bundles, { recursive: true })
  }
}
