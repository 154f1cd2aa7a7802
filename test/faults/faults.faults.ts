import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { switchName } from '../../src/admission/switch.ts'
import { buildKeys } from '../../src/build/layout.ts'
import { isOver } from '../../src/build/outcome.ts'
import { readReport } from '../../src/build/records.ts'
import type { View } from '../../src/build/view.ts'
import { readHolder } from '../../src/deploy/lock.ts'
import { functionName } from '../../src/entry/system/functions.ts'
import { lambciJson, openTown, type Town } from '../stories/town.ts'
import { type Rule, startProxy } from './proxy.ts'
import { LONELY, type Row, TOGETHER, type Victim } from './rows.ts'

const rules = { s3: [] as Rule[], sns: [] as Rule[], github: [] as Rule[] }
const proxies: Awaited<ReturnType<typeof startProxy>>[] = []
let town: Town
beforeAll(async () => {
  const [s3, sns, github] = await Promise.all(
    [rules.s3, rules.sns, rules.github].map(each => startProxy(each)),
  )
  if (!s3 || !sns || !github) throw new Error('No proxies')
  const through = { s3, sns, github }
  proxies.push(s3, sns, github)
  town = await openTown({
    concurrency: 4,
    retryDelaysMs: [500, 1000],
    reach: (service, url) => {
      through[service].aim(url)
      return through[service].url
    },
  })
})
afterAll(async () => {
  await town.close()
  await Promise.all(proxies.map(proxy => proxy.close()))
  console.log(describeRows())
})

type Outcome = { row: Row; view: View; status: string; notices: number; logBytes: number; seconds: number }
const outcomes: Outcome[] = []

const SCRIPT = { cmd: 'echo tested', rest: { stages: { master: 'dev' }, deploy: 'echo deployed' } }

/** A push to a repository of the row's own, with the fault waiting for it. */
async function play(row: Row): Promise<Outcome> {
  const repository = `faults/${row.name.replaceAll(/[^a-z0-9]+/gi, '-')}`
  const project = `gh/${repository}`
  const start = performance.now()
  const fault = typeof row.fault === 'object' ? killer(row.fault.kill) : row.fault
  // Only this repository's requests; S3 and GitHub have its name in the address, SNS in the body.
  const isOwn = new RegExp(repository)
  const { address, body } = row.rule
  const own: Rule =
    row.service === 'sns'
      ? { nth: 1, times: 1, ...row.rule, body: both(body ?? /./, isOwn), fault, seen: 0 }
      : { nth: 1, times: 1, ...row.rule, address: both(address, isOwn), fault, seen: 0 }
  rules[row.service].push(own)
  const needsHook = typeof row.fault === 'object' && row.fault.kill === 'http'
  if (needsHook) await addHook(repository)
  const at = await town.write(lambciJson(row.cmd ?? SCRIPT.cmd, SCRIPT.rest))
  const commit = await town.push(at, repository, 'master')
  // Whoever died while he took the delivery is asked once more, as a person would on GitHub's page.
  if (needsHook) await redeliver(repository)
  const view =
    row.status === false ? await refused({ project, number: 1 }) : await town.ended({ project, number: 1 })
  await town.settled()
  const seconds = (performance.now() - start) / 1000
  expect(own.seen, 'the fault has come').toBeGreaterThanOrEqual(own.nth)
  const outcome = {
    ...{ row, view, seconds },
    status: (await town.statuses(repository, commit)).at(-1) ?? '',
    notices: town.mails.filter(({ subject }) => subject?.includes(`${repository} #1 `)).length,
    logBytes: Buffer.byteLength(await town.log(view)),
  }
  outcomes.push(outcome)
  await demandOrder(outcome, repository, commit)
  return outcome
}

/** A build that GitHub does not want to hear of: that is noted, and everybody else has been told. */
const refused = (build: { project: string; number: number }) =>
  town.until('the note of a refusal', async () => {
    const report = (await readReport(town.system.store, build))?.value
    const view = await town.look(build)
    const isTold = report?.told.status?.error && report.told.notice && !report.lease
    return isTold && view && isOver(view) && view.cost !== null ? view : null
  })

const both = (one: RegExp, other: RegExp) => new RegExp(`^(?=[^]*${one.source})(?=[^]*${other.source})`)

/** One final result, told once and for all; nothing held, nothing set. */
async function demandOrder({ row, view, notices, logBytes }: Outcome, repository: string, commit: string) {
  const { store } = town.system
  expect(isOver(view)).toBe(true)
  expect([view.status, view.deploy?.status]).toEqual([row.result, row.deploy])
  const states = (await town.statuses(repository, commit)).map(line => line.split(' ')[0])
  if (row.status !== false) {
    expect(states.at(-1)).toBe(row.result === 'passed' ? 'success' : 'error')
    // What is final is followed by nothing else.
    expect(states.slice(0, -1).every(state => state === 'pending' || state === states.at(-1))).toBe(true)
  }
  expect(notices).toBeGreaterThanOrEqual(1)
  expect(logBytes).toBeGreaterThan(0)
  const report = (await readReport(store, view))?.value
  expect(report?.lease).toBeNull()
  expect(await readHolder(store, { project: view.project, stage: 'dev' }, new Date())).toBeNull()
  const schedules = town.system.servers.scheduler.schedules().map(({ name }) => name)
  if (row.status !== false) expect(schedules).not.toContain(switchName(view))
  expect(await store.get(buildKeys(view).log.whole)).not.toBeNull()
}

function killer(victim: Victim) {
  const name = functionName(victim === 'build' ? 'build-deploy' : victim)
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    for (const { pid } of town.system.lambda.sandboxes(name)) process.kill(pid, 'SIGKILL')
  }
}

/** Deliveries of a hook of its own can be sent again by whoever looks at them. */
async function addHook(repository: string): Promise<void> {
  const [owner, name] = repository.split('/')
  await town.api('POST', `/orgs/${owner}/repos`, { name })
  const { addresses, keys } = town.system
  const config = { url: `${addresses.url}/webhook`, secret: keys.webhookSecret, content_type: 'json' }
  await town.api('POST', `/repos/${repository}/hooks`, { config, events: ['push'], active: true })
}

type Delivery = { id: number; event: string; status_code: number }

async function redeliver(repository: string): Promise<void> {
  const path = `/repos/${repository}/hooks`
  const [hook] = (await town.api('GET', path)) as { id: number }[]
  const failed = await town.until('the failed delivery', async () => {
    const deliveries = (await town.api('GET', `${path}/${hook?.id}/deliveries`)) as Delivery[]
    return deliveries.find(({ event, status_code }) => event === 'push' && status_code >= 400)
  })
  await town.api('POST', `${path}/${hook?.id}/deliveries/${failed.id}/attempts`)
}

function describeRows(): string {
  const cells = (...row: string[]) =>
    [40, 22, 34, 8, 8, 8].map((width, index) => (row[index] ?? '').slice(0, width - 1).padEnd(width)).join('')
  return [
    cells('fault × point', 'result', 'status', 'notices', 'log', 'seconds'),
    ...outcomes.map(({ row, view, status, notices, logBytes, seconds }) =>
      cells(
        row.name,
        `${view.status}${view.deploy ? `, deploy ${view.deploy.status}` : ''}`,
        status.replace('lambci/push: ', ''),
        String(notices),
        `${logBytes} B`,
        seconds.toFixed(1),
      ),
    ),
  ].join('\n')
}

describe.concurrent('a fault of a server', () => {
  test.each(TOGETHER)('$name', { timeout: 120_000 }, async row => void (await play(row)))
})

describe('a process that is killed', () => {
  test.each(LONELY)('$name', { timeout: 120_000 }, async row => void (await play(row)))
})
