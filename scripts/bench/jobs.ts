import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  /** Of all report functions, refused wakes included. */
  reportRequests: number
  requestsPerJob: number
  /** Estimates in US dollars. */
  cost: number
  statuses: number
}

const CONCURRENCY = 8
const ROUNDS = 3
const BOOTSTRAP = join(import.meta.dirname, '..', '..', 'loopback', 'lambda', 'bootstrap.ts')

/** Measures builds of many jobs of `true` on the whole system: 12 cells of a matrix, and 100 shards, 8 at once. */
export async function benchJobs(): Promise<JobsResult[]> {
  const bundles = mkdtempSync(join(tmpdir(), 'lambci-bundles-'))
  for (const entry of ENTRIES) await writeBundle(await bundle(entry), join(bundles, entry))
  await writeBundle(await bundleModule(BOOTSTRAP), join(bundles, 'bootstrap'))
  const moduleOf = (entry: string) => join(bundles, entry, 'index.js')
  const requests = { ofReport: 0 }
  let proxy: ForwardingProxy | undefined
  const isReport = ({ headers }: IncomingMessage) => {
    const [, key = ''] = /Credential=([^/]+)/.exec(headers.authorization ?? '') ?? []
    return ci.system.servers.sts.principalOf(key)?.arn.includes('lambci-report')
  }
  let target = ''
  proxy = await startProxy(
    () => target,
    message => {
      if (isReport(message)) requests.ofReport += 1
      return false
    },
  )
  const { url: proxyUrl } = proxy
  const ci: TestSystem = await openTestSystem({
    ...{ concurrency: CONCURRENCY, moduleOf, bootstrap: moduleOf('bootstrap'), environment: {} },
    proxyUrl: (service, url) => {
      if (service !== 's3') return url
      target = url
      return proxyUrl
    },
  })
  try {
    const settings = await ci.system.store.get('config/global.json')
    const account = { ...JSON.parse(String(settings?.body)), maxJobs: 100, maxRunningJobs: CONCURRENCY }
    await ci.system.store.put('config/global.json', JSON.stringify(account), 'application/json')
    const cells = { NODE: ['20', '22', '24'], OS: ['a', 'b', 'c', 'd'] }
    const results: JobsResult[] = []
    for (const [name, job] of [
      ['matrix', { cmd: 'true', matrix: cells }],
      ['shards', { cmd: 'true', shards: 100 }],
    ] as const) {
      const at = await ci.write({ '.lambci.json': JSON.stringify({ jobs: { unit: job } }) })
      const rounds: { ms: number; requests: number; view: View; statuses: number }[] = []
      for (let number = 1; number <= (name === 'matrix' ? ROUNDS + 1 : 1); number++) {
        await ci.system.lambda.idle()
        requests.ofReport = 0
        const start = performance.now()
        const commit = await ci.push(at, `bench/${name}`, 'master', { 'change.txt': String(number) })
        const view = await ci.ended({ project: `gh/bench/${name}`, number })
        const ms = performance.now() - start
        await ci.system.lambda.idle()
        const statuses = (await ci.statuses(`bench/${name}`, commit)).length
        rounds.push({ ms, requests: requests.ofReport, view, statuses })
      }
      const last = rounds.at(-1)
      if (last?.view.status !== 'passed') throw new Error(`${name}: ${last?.view.reason}`)
      const jobs = last.view.jobs.length
      results.push({
        ...{ jobs, concurrency: CONCURRENCY, ms: median(rounds.slice(-ROUNDS).map(({ ms }) => ms)) },
        reportRequests: last.requests,
        requestsPerJob: last.requests / jobs,
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
