import { expect } from 'vitest'
import { functionName } from '../../loopback/system/functions.ts'
import type { SystemOptions } from '../../loopback/system/system.ts'
import { switchName } from '../../src/admission/dead-mans-switch.ts'
import { readLockHolder } from '../../src/deploy/lock.ts'
import { readQueue } from '../../src/deploy/queue.ts'
import { hasEnded } from '../../src/model/conclusion.ts'
import { type BuildRef, jobKeys } from '../../src/records/keys.ts'
import { readReport } from '../../src/records/read-records.ts'
import type { View } from '../../src/records/view.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { type Rule, startFaultProxy } from './fault-proxy.ts'
import type { KilledFunction, Scenario } from './scenarios.ts'

/** How a scenario ended. */
export type ScenarioResult = {
  name: string
  view: View
  /** The commit's, oldest first. */
  statuses: string[]
  notifications: number
  logBytes: number
  seconds: number
}

/** How a scenario must end. */
export type Expected = Pick<Scenario, 'conclusion' | 'deploy' | 'status' | 'reason' | 'log'>

export const SCRIPT = { cmd: 'echo tested', rest: { stages: { master: 'dev' }, deploy: 'echo deployed' } }
/** In lower case, as keys are: rules match addresses of S3 as well as of GitHub. */
export const nameOf = (name: string) => `faults/${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`

/** A test system whose functions reach S3, SNS, Lambda and GitHub through fault proxies. */
export async function openFaultSystem(options: Partial<SystemOptions> = {}) {
  const rules = { s3: [] as Rule[], sns: [] as Rule[], github: [] as Rule[], lambda: [] as Rule[] }
  const [s3, sns, github, lambda] = await Promise.all(
    [rules.s3, rules.sns, rules.github, rules.lambda].map(startFaultProxy),
  )
  if (!s3 || !sns || !github || !lambda) throw new Error('No proxies')
  const through = { s3, sns, github, lambda }
  const ci = await openTestSystem({
    concurrency: 4,
    retryDelaysMs: [500, 1000],
    proxyUrl: (service, url) => {
      through[service].setTarget(url)
      return through[service].url
    },
    ...options,
  })
  const results: ScenarioResult[] = []
  return {
    ci,
    rules,
    run: async (scenario: Scenario) => {
      const { result, hasOccurred } = await runScenario(ci, rules, scenario)
      results.push(result)
      expect(hasOccurred, 'the fault has occurred').toBe(true)
      return result
    },
    /** Runs a scenario whose fault may come too late for its build. Returns whether it has occurred. */
    runIfItOccurs: async (scenario: Scenario): Promise<boolean> => {
      const { result, hasOccurred } = await runScenario(ci, rules, scenario)
      results.push(result)
      return hasOccurred
    },
    /** Waits for the end of a build whose fault the test has caused itself, and checks it. */
    expectEnd: async (name: string, expected: Expected, start: number) => {
      const view = await ci.ended({ project: `gh/${nameOf(name)}`, number: 1 })
      await ci.settled()
      results.push(await expectFinalState(ci, { name, view, start }, expected))
    },
    close: async () => {
      await ci.close()
      await Promise.all(Object.values(through).map(proxy => proxy.close()))
      console.log(describeResults(results))
    },
  }
}

/** Pushes to a repository of the scenario's own, with its fault in place, and checks how the build ends. */
async function runScenario(
  ci: TestSystem,
  rules: Record<Scenario['service'], Rule[]>,
  scenario: Scenario,
): Promise<{ result: ScenarioResult; hasOccurred: boolean }> {
  const repository = nameOf(scenario.name)
  const build = { project: `gh/${repository}`, number: 1 }
  const start = performance.now()
  const fault = typeof scenario.fault === 'object' ? killOnce(ci, scenario.fault.kill) : scenario.fault
  // Only this repository's requests match: S3 and GitHub have its name in the address, SNS and Lambda in the body.
  const isOwn = new RegExp(repository)
  const { address, body } = scenario.rule
  const own: Rule =
    scenario.service === 'sns' || scenario.service === 'lambda'
      ? { nth: 1, times: 1, ...scenario.rule, body: both(body ?? /./, isOwn), fault, seen: 0 }
      : { nth: 1, times: 1, ...scenario.rule, address: both(address, isOwn), fault, seen: 0 }
  rules[scenario.service].push(own)
  const needsHook = typeof scenario.fault === 'object' && scenario.fault.kill === 'http'
  if (needsHook) await addHook(ci, repository)
  const at = await ci.write(lambciJson(scenario.cmd ?? SCRIPT.cmd, { ...SCRIPT.rest, ...scenario.config }))
  await ci.push(at, repository, scenario.branch ?? 'master')
  // The delivery failed when http was killed: redeliver it, as a person would on GitHub's page.
  if (needsHook) await redeliver(ci, repository)
  const view = scenario.status === false ? await refusedByGitHub(ci, build) : await ci.ended(build)
  await ci.settled()
  const hasDied = scenario.mayBeDead && view.status === 'errored'
  const expected = hasDied ? { ...scenario, conclusion: 'errored' as const, deploy: undefined } : scenario
  const result = await expectFinalState(ci, { name: scenario.name, view, start }, expected)
  return { result, hasOccurred: own.seen >= own.nth }
}

/** Waits until the refusal of every status is recorded and everything else is delivered. */
const refusedByGitHub = (ci: TestSystem, build: BuildRef) =>
  ci.until('the recorded refusal', async () => {
    const report = await readReport(ci.system.store, build)
    const view = await ci.view(build)
    const status = report?.delivered['commit-status'] as { error: string | null } | undefined
    const isDelivered = status?.error && report?.delivered.sns && !report.lease
    return isDelivered && view && hasEnded(view.status) && view.cost !== null ? view : null
  })

const both = (one: RegExp, other: RegExp) => new RegExp(`^(?=[^]*${one.source})(?=[^]*${other.source})`)

type EndedScenario = { name: string; view: View; start: number }

/** Checks that the end is final and reported, and that no lease, lock or switch is left. */
async function expectFinalState(
  ci: TestSystem,
  { name, view, start }: EndedScenario,
  expected: Expected,
): Promise<ScenarioResult> {
  const { store, servers } = ci.system
  const repository = nameOf(name)
  const isReported = expected.status !== false
  expect(hasEnded(view.status)).toBe(true)
  expect([view.status, view.deploy?.status], view.reason ?? '').toEqual([
    expected.conclusion,
    expected.deploy,
  ])
  if (expected.reason) expect(view.reason).toMatch(expected.reason)
  const statuses = await ci.statuses(repository, view.commit)
  const states = statuses.map(line => line.split(' ')[0])
  if (isReported) {
    expect(states.at(-1)).toBe(STATES[expected.conclusion])
    // A final status is never followed by a different one.
    expect(states.slice(0, -1).every(state => state === 'pending' || state === states.at(-1))).toBe(true)
  }
  const notifications = ci.mails.filter(({ subject }) => subject?.includes(`${repository} #1 `)).length
  expect(notifications).toBeGreaterThanOrEqual(1)
  expect((await readReport(store, view))?.lease).toBeNull()
  const stage = { project: view.project, stage: 'dev' }
  expect(await readLockHolder(store, stage, new Date())).toBeNull()
  expect((await readQueue(store, stage)).waiting).toEqual([])
  if (isReported)
    expect(servers.scheduler.schedules().map(schedule => schedule.name)).not.toContain(switchName(view))
  const log = await store.get(jobKeys(view).log.whole)
  const logBytes = log?.size ?? 0
  expect(logBytes).toBeGreaterThan(0)
  if (expected.log) expect(Buffer.from(log?.body ?? []).toString()).toMatch(expected.log)
  const seconds = (performance.now() - start) / 1000
  return { name, view, statuses, notifications, logBytes, seconds }
}

const STATES = { passed: 'success', failed: 'failure', errored: 'error' }

const FUNCTIONS = { http: 'http', build: 'run-protected', deploy: 'run-deploy', report: 'report' } as const

function killOnce(ci: TestSystem, killed: KilledFunction) {
  const name = functionName(FUNCTIONS[killed])
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    for (const { pid } of ci.system.lambda.sandboxes(name)) process.kill(pid, 'SIGKILL')
  }
}

/** Gives the repository a hook of its own, whose deliveries can be listed and redelivered. */
async function addHook(ci: TestSystem, repository: string): Promise<void> {
  const [owner, name] = repository.split('/')
  await ci.api('POST', `/orgs/${owner}/repos`, { name })
  const { addresses } = ci.system
  const config = { url: `${addresses.url}/webhook`, secret: addresses.webhookSecret, content_type: 'json' }
  await ci.api('POST', `/repos/${repository}/hooks`, { config, events: ['push'], active: true })
}

type Delivery = { id: number; event: string; status_code: number }

async function redeliver(ci: TestSystem, repository: string): Promise<void> {
  const path = `/repos/${repository}/hooks`
  const [hook] = (await ci.api('GET', path)) as { id: number }[]
  const failed = await ci.until('the failed delivery', async () => {
    const deliveries = (await ci.api('GET', `${path}/${hook?.id}/deliveries`)) as Delivery[]
    return deliveries.find(({ event, status_code }) => event === 'push' && status_code >= 400)
  })
  await ci.api('POST', `${path}/${hook?.id}/deliveries/${failed.id}/attempts`)
}

function describeResults(results: readonly ScenarioResult[]): string {
  const cells = (...row: string[]) =>
    [40, 26, 34, 8, 8, 8].map((width, index) => (row[index] ?? '').slice(0, width - 1).padEnd(width)).join('')
  return [
    cells('fault × point', 'conclusion', 'status', 'mails', 'log', 'seconds'),
    ...results.map(({ name, view, statuses, notifications, logBytes, seconds }) =>
      cells(
        name,
        `${view.status}${view.deploy ? `, deploy ${view.deploy.status}` : ''}`,
        statuses.at(-1)?.replace('lambci/push: ', '') ?? '',
        String(notifications),
        `${logBytes} B`,
        seconds.toFixed(1),
      ),
    ),
  ].join('\n')
}
