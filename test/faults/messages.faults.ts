import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGitHub } from '../../loopback/github/server.ts'
import { functionName } from '../../loopback/system/functions.ts'
import { buildKeys, type JobRef, jobKeys, LEAD } from '../../src/records/keys.ts'
import { lambciJson } from '../support/test-system.ts'
import type { Rule } from './fault-proxy.ts'
import { moveClock } from './moved-clock.ts'
import { nameOf, openFaultSystem, SCRIPT } from './run-scenario.ts'

/**
 * Messages that are lost, doubled, late or out of order, and a clock that tests move past every deadline: that of the
 * functions, of AWS, of GitHub and of the tests, which is one, as it is in life.
 */
let faults: Awaited<ReturnType<typeof openFaultSystem>>
let directory: string
let restoreClock: () => void
let offset = 0
type Deliver = () => Promise<unknown>
let deliverEvent: (text: string, deliver: Deliver) => unknown = (_, deliver) => deliver()

async function advance(milliseconds: number): Promise<void> {
  offset += milliseconds
  // The functions must not find half of it.
  await writeFile(join(directory, 'next'), String(offset))
  await rename(join(directory, 'next'), join(directory, 'offset'))
}

/** Writes an entry module for the function that runs on the tests' clock. */
async function writeEntry(entry: string): Promise<void> {
  const source = (path: string) => JSON.stringify(join(import.meta.dirname, path))
  await writeFile(
    join(directory, `${entry}.ts`),
    `import { readFileSync } from 'node:fs'
import { moveClock } from ${source('moved-clock.ts')}
moveClock(() => Number(readFileSync(${JSON.stringify(join(directory, 'offset'))}, 'utf8')))
export const { handler } = await import(${source(`../../src/functions/${entry}.ts`)})
`,
  )
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-clock-'))
  await Promise.all(['http', 'report', 'run'].map(writeEntry))
  await advance(0)
  restoreClock = moveClock(() => offset)
  faults = await openFaultSystem({
    moduleOf: entry => join(directory, `${entry}.ts`),
    bootstrap: join(import.meta.dirname, '..', '..', 'loopback', 'lambda', 'bootstrap.ts'),
    environment: {},
    // In this process, whose clock is moved.
    startGitHub,
    interceptEvent: async (event, deliver) => deliverEvent(JSON.stringify(event), deliver),
  })
})
afterAll(async () => {
  await faults.close()
  restoreClock()
  await rm(directory, { recursive: true, force: true })
})

const refOf = (name: string) => ({ project: `gh/${nameOf(name)}`, number: 1 })

async function push(name: string, cmd = SCRIPT.cmd): Promise<string> {
  const at = await faults.ci.write(lambciJson(cmd, SCRIPT.rest))
  return faults.ci.push(at, nameOf(name), 'master')
}

/** The job that deploys. */
const DEPLOY: JobRef = { key: 1, attempt: 1 }

/** Waits until a job has written its end record and everything is idle. */
async function jobEnded(name: string, job: JobRef): Promise<void> {
  await faults.ci.until('the end of the job', () =>
    faults.ci.system.store.get(jobKeys(refOf(name), job).record('end')),
  )
  await faults.ci.settled()
}

/** Moves the clock to two minutes after the latest end of the lead, or of the deploy once that was started. */
async function advanceToLatestEnd(name: string): Promise<void> {
  const read = async (key: string) =>
    JSON.parse(Buffer.from((await faults.ci.system.store.get(key))?.body ?? 'null').toString())
  const keys = buildKeys(refOf(name))
  const [build, report] = [await read(keys.build), await read(keys.report)]
  const ends: (string | null)[] = report?.jobs.map((job: { latestEnd: string | null }) => job.latestEnd) ?? []
  const latestEnd = ends.findLast(end => end !== null) ?? build.latestEnd
  await advance(Date.parse(latestEnd) + 2 * 60_000 - Date.now())
}

const PASSED = { conclusion: 'passed', deploy: 'succeeded' } as const
const ABOUT_A_BUILD = /builds%2F1%2F|builds\/1\//
const isS3Event = (text: string) => ABOUT_A_BUILD.test(text) && text.includes('ObjectCreated')
/** What Lambda says of a process that has ended. Those of deploys always end. */
const isFailure = (text: string) => text.includes('requestContext')

/** Whether an event is the message of the test's own job, and not of its deploy: jobs of earlier tests may still be started. */
const isJobOf = (name: string, text: string) =>
  text.startsWith('{"build":') && !text.includes('"identity":{"name":"deploy"') && text.includes(nameOf(name))

const losing: [name: string, isLost: (text: string) => boolean][] = [
  ['every S3 notification is lost', isS3Event],
  ['every S3 notification but the first is lost', allAfter(1)],
]
function allAfter(count: number) {
  let seen = 0
  return (text: string) => isS3Event(text) && ++seen > count
}

test.each(losing)('%s', { timeout: 120_000 }, async (name, isLost) => {
  const start = performance.now()
  deliverEvent = (text, deliver) => (isLost(text) || isFailure(text) ? null : deliver())
  const commit = await push(name)
  for (const job of [LEAD, DEPLOY]) {
    await jobEnded(name, job)
    expect((await faults.ci.statuses(nameOf(name), commit)).map(line => line.split(' ')[0])).not.toContain(
      'success',
    )
    await advanceToLatestEnd(name)
  }
  await faults.expectEnd(name, PASSED, start)
})

test('every S3 and SNS message is delivered twice', { timeout: 120_000 }, async ({ task: { name } }) => {
  const start = performance.now()
  deliverEvent = async (_, deliver) => {
    await deliver()
    await deliver()
  }
  await push(name)
  await faults.expectEnd(name, PASSED, start)
  expect(faults.ci.mails.filter(({ subject }) => subject?.includes(nameOf(name)))).toHaveLength(1)
})

test('S3 notifications arrive late and in reverse order', { timeout: 120_000 }, async ({
  task: { name },
}) => {
  const start = performance.now()
  const held: Deliver[] = []
  deliverEvent = (text, deliver) => (isS3Event(text) ? held.unshift(deliver) : deliver())
  await push(name)
  for (const job of [LEAD, DEPLOY]) {
    await jobEnded(name, job)
    expect(held.length).toBeGreaterThan(1)
    for (const deliver of held.splice(0)) await deliver()
  }
  await faults.expectEnd(name, PASSED, start)
})

test('the job message is lost three times', { timeout: 120_000 }, async ({ task: { name } }) => {
  const start = performance.now()
  let lost = 0
  deliverEvent = (text, deliver) => (isJobOf(name, text) ? void lost++ : deliver())
  await push(name)
  for (let attempt = 1; attempt <= 3; attempt++) {
    await faults.ci.until('the job message', async () => lost === attempt)
    await faults.ci.settled()
    // Each attempt has a latest end of its own.
    await advance(60 * 60_000)
  }
  await faults.expectEnd(
    name,
    { conclusion: 'errored', reason: /^The build never started, after 3 attempts/ },
    start,
  )
})

test('the job message is lost once', { timeout: 120_000 }, async ({ task: { name } }) => {
  const start = performance.now()
  let lost = 0
  deliverEvent = (text, deliver) => (isJobOf(name, text) && lost++ === 0 ? null : deliver())
  await push(name)
  await faults.ci.until('the job message', async () => lost === 1)
  await advanceToLatestEnd(name)
  await faults.expectEnd(name, PASSED, start)
})

test("a job's message is lost once", { timeout: 120_000 }, async ({ task: { name } }) => {
  const start = performance.now()
  let lost = 0
  const isShards = (text: string) => isJobOf(name, text) && /"job\\*":\{\\*"key\\*":2/.test(text)
  deliverEvent = (text, deliver) => (isShards(text) && lost++ === 0 ? null : deliver())
  const jobs = { lint: 'echo tested', unit: { cmd: 'echo part', shards: 2 } }
  const { '.lambci.json': config = '' } = lambciJson('', { ...SCRIPT.rest, jobs })
  const { cmd: _, ...rest } = JSON.parse(config)
  const at = await faults.ci.write({ '.lambci.json': JSON.stringify(rest) })
  await faults.ci.push(at, nameOf(name), 'master')
  await faults.ci.until('the message', async () => lost === 1)
  await faults.ci.until('the other jobs', async () => {
    const jobsOf = (await faults.ci.view(refOf(name)))?.jobs ?? []
    return jobsOf.filter(({ status }) => status === 'passed').length === 2
  })
  await faults.ci.settled()
  await advanceToLatestEnd(name)
  await faults.expectEnd(name, PASSED, start)
})

test.each([
  ['the message of the deploy is lost once', 1, PASSED],
  [
    'the message of the deploy is lost three times',
    3,
    {
      ...({ conclusion: 'errored', deploy: 'failed' } as const),
      reason: /^Tests passed, deploy to dev failed: The job never started, after 3 attempts/,
    },
  ],
])('%s', { timeout: 120_000 }, async (name, times, expected) => {
  const start = performance.now()
  deliverEvent = (_, deliver) => deliver()
  // Lambda has accepted it, and never starts its function.
  const body = new RegExp(`(?=[^]*"identity":\\{"name":"deploy")[^]*${nameOf(name)}`)
  const rule: Rule = { method: 'POST', address: /\/invocations$/, body, nth: 1, times, fault: 202, seen: 0 }
  faults.rules.lambda.push(rule)
  await push(name)
  for (let attempt = 1; attempt <= times; attempt++) {
    await faults.ci.until(`message ${attempt}`, async () => rule.seen === attempt)
    await faults.ci.settled()
    await advanceToLatestEnd(name)
  }
  await faults.expectEnd(name, expected, start)
})

test('the deploy is killed and its failure record is lost', { timeout: 120_000 }, async ({
  task: { name },
}) => {
  const start = performance.now()
  deliverEvent = (text, deliver) => (isFailure(text) ? null : deliver())
  const at = await faults.ci.write(
    lambciJson(SCRIPT.cmd, { ...SCRIPT.rest, deploy: 'echo begun; sleep 1000' }),
  )
  const commit = await faults.ci.push(at, nameOf(name), 'master')
  await faults.ci.until('the deploy', () =>
    faults.ci.system.store.get(jobKeys(refOf(name), DEPLOY).record('claim')),
  )
  for (const { pid } of faults.ci.system.lambda.sandboxes(functionName('run-deploy')))
    process.kill(pid, 'SIGKILL')
  await faults.ci.settled()
  expect((await faults.ci.statuses(nameOf(name), commit)).at(-1)).toMatch(/^pending/)
  await advanceToLatestEnd(name)
  const reason = /^Tests passed, deploy to dev failed: The job died: it did not report its end in time/
  await faults.expectEnd(name, { conclusion: 'failed', deploy: 'failed', reason }, start)
})

/** Pushes while GitHub compares no commits. Returns the rule that keeps it from that. */
async function pushWithoutComparisons(name: string): Promise<Rule> {
  deliverEvent = (_, deliver) => deliver()
  const address = new RegExp(`${nameOf(name)}/compare/`)
  const rule: Rule = { method: 'GET', address, nth: 1, times: 10_000, fault: 401, seen: 0 }
  faults.rules.github.push(rule)
  await push(name)
  await faults.ci.until('the deploy that waits', async () => {
    const view = await faults.ci.view(refOf(name))
    return view?.deploy?.status === 'waiting' && /^GitHub has not said yet/.test(view.deploy.reason ?? '')
  })
  await faults.ci.settled()
  return rule
}

test('GitHub does not compare commits for some minutes', { timeout: 120_000 }, async ({ task: { name } }) => {
  const start = performance.now()
  const rule = await pushWithoutComparisons(name)
  rule.times = 0
  await advance(10 * 60_000)
  await faults.expectEnd(name, PASSED, start)
})

test('GitHub does not compare commits for more than an hour', { timeout: 120_000 }, async ({
  task: { name },
}) => {
  const start = performance.now()
  await pushWithoutComparisons(name)
  await advance(70 * 60_000)
  const reason = /^Tests passed, deploy to dev failed: GitHub has not said for an hour/
  await faults.expectEnd(name, { conclusion: 'errored', deploy: 'failed', reason }, start)
})

/** Kills a build, of which only its dead man's switch then tells. */
async function loseBuild(name: string): Promise<void> {
  deliverEvent = (text, deliver) => (isFailure(text) ? null : deliver())
  const commit = await push(name, 'echo begun; sleep 1000')
  await faults.ci.until('the start', async () => (await faults.ci.view(refOf(name)))?.status === 'running')
  for (const { pid } of faults.ci.system.lambda.sandboxes(functionName('run-protected')))
    process.kill(pid, 'SIGKILL')
  await faults.ci.settled()
  expect((await faults.ci.view(refOf(name)))?.status).toBe('running')
  expect((await faults.ci.statuses(nameOf(name), commit)).at(-1)).toMatch(/^pending/)
}
const OVERDUE = { conclusion: 'errored', reason: /it did not report its end in time/ } as const

test('the build is killed and its failure record is lost', { timeout: 120_000 }, async ({
  task: { name },
}) => {
  const start = performance.now()
  await loseBuild(name)
  await advanceToLatestEnd(name)
  await faults.expectEnd(name, OVERDUE, start)
})

test('after the switch, S3 refuses twice to show its report', { timeout: 120_000 }, async ({
  task: { name },
}) => {
  const start = performance.now()
  await loseBuild(name)
  const address = new RegExp(`${nameOf(name)}/builds/1/report\\.json`)
  const rule: Rule = { method: 'GET', address, nth: 1, times: 2, fault: 'denied', seen: 0 }
  faults.rules.s3.push(rule)
  await advanceToLatestEnd(name)
  await faults.expectEnd(name, OVERDUE, start)
  expect(rule.seen).toBeGreaterThan(2)
})

test('GitHub refuses the final status until after the switch', { timeout: 120_000 }, async ({
  task: { name },
}) => {
  const start = performance.now()
  deliverEvent = (_, deliver) => deliver()
  const address = new RegExp(`${nameOf(name)}/statuses/`)
  const rule = {
    method: 'POST',
    address,
    body: /"state":"success"/,
    nth: 1,
    times: 1000,
    fault: 404,
    seen: 0,
  }
  faults.rules.github.push(rule)
  const commit = await push(name)
  await jobEnded(name, DEPLOY)
  // Lambda's own retries and the switch are refused as well.
  await faults.ci.until('three refusals', async () => rule.seen >= 3)
  await advanceToLatestEnd(name)
  await faults.ci.until('the refusal after the switch', async () => rule.seen >= 4)
  await faults.ci.settled()
  expect((await faults.ci.statuses(nameOf(name), commit)).at(-1)).toMatch(/^pending/)
  rule.times = 0
  await advance(10 * 60_000)
  await faults.expectEnd(name, PASSED, start)
})
