import { expect } from 'vitest'
import { functionName } from '../../loopback/system/functions.ts'
import type { SystemOptions } from '../../loopback/system/system.ts'
import { switchName } from '../../src/admission/dead-mans-switch.ts'
import { readLockHolder } from '../../src/deploy/lock.ts'
import { type BuildRef, buildKeys } from '../../src/records/keys.ts'
import { readReport } from '../../src/records/read-records.ts'
import type { View } from '../../src/records/view.ts'
import { isOver } from '../../src/records/wording.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { type Rule, startProxy } from './proxy.ts'
import type { Row, Victim } from './rows.ts'

/** How a row came out. */
export type Outcome = {
  name: string
  view: View
  status: string
  notices: number
  logBytes: number
  seconds: number
}

/** What must come of a row. */
export type Wanted = Pick<Row, 'conclusion' | 'deploy' | 'status' | 'reason'>

export const SCRIPT = { cmd: 'echo tested', rest: { stages: { master: 'dev' }, deploy: 'echo deployed' } }
export const nameOf = (row: string) => `faults/${row.replaceAll(/[^a-z0-9]+/gi, '-')}`

/** A town whose servers stand behind proxies that can be told to fail. */
export async function openFaults(options: Partial<SystemOptions> = {}) {
  const rules = { s3: [] as Rule[], sns: [] as Rule[], github: [] as Rule[] }
  const [s3, sns, github] = await Promise.all([rules.s3, rules.sns, rules.github].map(startProxy))
  if (!s3 || !sns || !github) throw new Error('No proxies')
  const through = { s3, sns, github }
  const ci = await openTestSystem({
    concurrency: 4,
    retryDelaysMs: [500, 1000],
    proxyUrl: (service, url) => {
      through[service].aim(url)
      return through[service].url
    },
    ...options,
  })
  const outcomes: Outcome[] = []
  return {
    ci,
    play: async (row: Row) => {
      const outcome = await play(ci, rules, row)
      outcomes.push(outcome)
    },
    /** Looks at a build whose fault has come and gone. */
    decide: async (name: string, wanted: Wanted, start: number) => {
      const view = await ci.ended({ project: `gh/${nameOf(name)}`, number: 1 })
      outcomes.push(await expectOrder(ci, { name, view, start }, wanted))
    },
    close: async () => {
      await ci.close()
      await Promise.all([s3, sns, github].map(proxy => proxy.close()))
      console.log(describeOutcomes(outcomes))
    },
  }
}

/** A push to a repository of the row's own, with the fault waiting for it. */
async function play(ci: TestSystem, rules: Record<Row['service'], Rule[]>, row: Row): Promise<Outcome> {
  const repository = nameOf(row.name)
  const build = { project: `gh/${repository}`, number: 1 }
  const start = performance.now()
  const fault = typeof row.fault === 'object' ? killer(ci, row.fault.kill) : row.fault
  // Only this repository's requests; S3 and GitHub have its name in the address, SNS in the body.
  const isOwn = new RegExp(repository)
  const { address, body } = row.rule
  const own: Rule =
    row.service === 'sns'
      ? { nth: 1, times: 1, ...row.rule, body: both(body ?? /./, isOwn), fault, seen: 0 }
      : { nth: 1, times: 1, ...row.rule, address: both(address, isOwn), fault, seen: 0 }
  rules[row.service].push(own)
  const needsHook = typeof row.fault === 'object' && row.fault.kill === 'http'
  if (needsHook) await addHook(ci, repository)
  const at = await ci.write(lambciJson(row.cmd ?? SCRIPT.cmd, { ...SCRIPT.rest, ...row.config }))
  await ci.push(at, repository, 'master')
  // Whoever died while he took the delivery is asked once more, as a person would on GitHub's page.
  if (needsHook) await redeliver(ci, repository)
  const view = row.status === false ? await refused(ci, build) : await ci.ended(build)
  await ci.settled()
  expect(own.seen, 'the fault has come').toBeGreaterThanOrEqual(own.nth)
  return expectOrder(ci, { name: row.name, view, start }, row)
}

/** A build that GitHub does not want to hear of: that is noted, and everybody else has been told. */
const refused = (ci: TestSystem, build: BuildRef) =>
  ci.until('the note of a refusal', async () => {
    const report = await readReport(ci.system.store, build)
    const view = await ci.look(build)
    const status = report?.delivered['commit-status'] as { error: string | null } | undefined
    const isTold = status?.error && report?.delivered.sns && !report.lease
    return isTold && view && isOver(view) && view.cost !== null ? view : null
  })

const both = (one: RegExp, other: RegExp) => new RegExp(`^(?=[^]*${one.source})(?=[^]*${other.source})`)

type Played = { name: string; view: View; start: number }

/** One final result, told once and for all; nothing held, nothing set. */
async function expectOrder(ci: TestSystem, { name, view, start }: Played, wanted: Wanted): Promise<Outcome> {
  const { store, servers } = ci.system
  const repository = nameOf(name)
  const isTold = wanted.status !== false
  expect(isOver(view)).toBe(true)
  expect([view.status, view.deploy?.status]).toEqual([wanted.conclusion, wanted.deploy])
  if (wanted.reason) expect(view.reason).toMatch(wanted.reason)
  const statuses = await ci.statuses(repository, view.commit)
  const states = statuses.map(line => line.split(' ')[0])
  if (isTold) {
    expect(states.at(-1)).toBe(STATES[wanted.conclusion])
    // What is final is followed by nothing else.
    expect(states.slice(0, -1).every(state => state === 'pending' || state === states.at(-1))).toBe(true)
  }
  const notices = ci.mails.filter(({ subject }) => subject?.includes(`${repository} #1 `)).length
  expect(notices).toBeGreaterThanOrEqual(1)
  expect((await readReport(store, view))?.lease).toBeNull()
  expect(await readLockHolder(store, { project: view.project, stage: 'dev' }, new Date())).toBeNull()
  if (isTold)
    expect(servers.scheduler.schedules().map(schedule => schedule.name)).not.toContain(switchName(view))
  const log = await store.get(buildKeys(view).log.whole)
  const logBytes = log?.size ?? 0
  expect(logBytes).toBeGreaterThan(0)
  const seconds = (performance.now() - start) / 1000
  return { name, view, status: statuses.at(-1) ?? '', notices, logBytes, seconds }
}

const STATES = { passed: 'success', failed: 'failure', errored: 'error' }

function killer(ci: TestSystem, victim: Victim) {
  const name = functionName(victim === 'build' ? 'run-protected' : victim)
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    for (const { pid } of ci.system.lambda.sandboxes(name)) process.kill(pid, 'SIGKILL')
  }
}

/** Deliveries of a hook of its own can be sent again by whoever looks at them. */
async function addHook(ci: TestSystem, repository: string): Promise<void> {
  const [owner, name] = repository.split('/')
  await ci.api('POST', `/orgs/${owner}/repos`, { name })
  const { addresses, keys } = ci.system
  const config = { url: `${addresses.url}/webhook`, secret: keys.webhookSecret, content_type: 'json' }
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

function describeOutcomes(outcomes: readonly Outcome[]): string {
  const cells = (...row: string[]) =>
    [40, 26, 34, 8, 8, 8].map((width, index) => (row[index] ?? '').slice(0, width - 1).padEnd(width)).join('')
  return [
    cells('fault × point', 'result', 'status', 'notices', 'log', 'seconds'),
    ...outcomes.map(({ name, view, status, notices, logBytes, seconds }) =>
      cells(
        name,
        `${view.status}${view.deploy ? `, deploy ${view.deploy.status}` : ''}`,
        status.replace('lambci/push: ', ''),
        String(notices),
        `${logBytes} B`,
        seconds.toFixed(1),
      ),
    ),
  ].join('\n')
}
