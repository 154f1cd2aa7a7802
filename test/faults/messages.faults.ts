import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { functionName } from '../../loopback/system/functions.ts'
import { buildKeys } from '../../src/records/keys.ts'
import { lambciJson } from '../support/test-system.ts'
import { nameOf, openFaults, SCRIPT } from './play.ts'

/** Messages that are lost, doubled, late or out of order, and a clock that goes on until nobody can wait any more. */
let faults: Awaited<ReturnType<typeof openFaults>>
let directory: string
let late = 0
type Bring = () => Promise<unknown>
let carry: (text: string, bring: Bring) => unknown = (_, bring) => bring()

const clock = { now: () => Date.now() + late }
async function wait(milliseconds: number): Promise<void> {
  late += milliseconds
  await writeFile(join(directory, 'late'), String(late))
}

/** An entry whose clock is the one that we move. */
async function entryOf(entry: string): Promise<void> {
  const source = (path: string) => JSON.stringify(join(import.meta.dirname, path))
  await writeFile(
    join(directory, `${entry}.ts`),
    `import { moveClock } from ${source('moved-clock.ts')}
const move = moveClock(${JSON.stringify(join(directory, 'late'))})
export const handler = move((await import(${source(`../../src/functions/${entry}.ts`)})).handler)
`,
  )
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-clock-'))
  await Promise.all(['http', 'report', 'run'].map(entryOf))
  await wait(0)
  faults = await openFaults({
    clock,
    moduleOf: entry => join(directory, `${entry}.ts`),
    interceptEvent: async (event, bring) => carry(JSON.stringify(event), bring),
  })
})
afterAll(async () => {
  await faults.close()
  await rm(directory, { recursive: true, force: true })
})

const refOf = (name: string) => ({ project: `gh/${nameOf(name)}`, number: 1 })

async function push(name: string, cmd = SCRIPT.cmd): Promise<string> {
  const at = await faults.ci.write(lambciJson(cmd, SCRIPT.rest))
  return faults.ci.push(at, nameOf(name), 'master')
}

/** Waits until the build function has nothing more to say. */
async function courseEnded(name: string): Promise<void> {
  await faults.ci.until(
    'the end of the course',
    async () => (await faults.ci.look(refOf(name)))?.endedAt ?? null,
  )
  await faults.ci.settled()
}

/** To the moment at which nothing may be pending any more: two minutes after the latest end. */
async function waitForLatestEnd(name: string): Promise<void> {
  const stored = await faults.ci.system.store.get(buildKeys(refOf(name)).build)
  const { latestEnd } = JSON.parse(Buffer.from(stored?.body ?? '').toString()) as { latestEnd: string }
  await wait(Date.parse(latestEnd) + 2 * 60_000 - clock.now())
}

const PASSED = { conclusion: 'passed', deploy: 'succeeded' } as const
const ABOUT_A_BUILD = /builds%2F1%2F|builds\/1\//
const isNotice = (text: string) => ABOUT_A_BUILD.test(text) && text.includes('ObjectCreated')

const losing: [name: string, isLost: (text: string) => boolean][] = [
  ['all that S3 tells is lost', isNotice],
  ['all that S3 tells of run.json but the first is lost', onlyAfter(1)],
]
function onlyAfter(count: number) {
  let seen = 0
  return (text: string) => isNotice(text) && ++seen > count
}

test.each(losing)('%s', { timeout: 120_000 }, async (name, isLost) => {
  const start = performance.now()
  carry = (text, bring) => (isLost(text) ? null : bring())
  const commit = await push(name)
  await courseEnded(name)
  expect((await faults.ci.statuses(nameOf(name), commit)).map(line => line.split(' ')[0])).not.toContain(
    'success',
  )
  await waitForLatestEnd(name)
  await faults.decide(name, PASSED, start)
})

test('all that S3 and SNS tell comes twice', { timeout: 120_000 }, async ({ task: { name } }) => {
  const start = performance.now()
  carry = async (_, bring) => {
    await bring()
    await bring()
  }
  await push(name)
  await faults.decide(name, PASSED, start)
  expect(faults.ci.mails.filter(({ subject }) => subject?.includes(nameOf(name)))).toHaveLength(1)
})

test('all that S3 tells comes late and in reverse', { timeout: 120_000 }, async ({ task: { name } }) => {
  const start = performance.now()
  const held: Bring[] = []
  carry = (text, bring) => (isNotice(text) ? held.unshift(bring) : bring())
  await push(name)
  await courseEnded(name)
  expect(held.length).toBeGreaterThan(2)
  for (const bring of held) await bring()
  await faults.decide(name, PASSED, start)
})

test('the order is lost, three times', { timeout: 120_000 }, async ({ task: { name } }) => {
  const start = performance.now()
  let lost = 0
  carry = (text, bring) => (text.includes('grants') && text.includes('Sns') ? void lost++ : bring())
  await push(name)
  for (let attempt = 1; attempt <= 3; attempt++) {
    await faults.ci.until('the order', async () => lost === attempt)
    await faults.ci.settled()
    // Each attempt has its own latest end.
    await wait(60 * 60_000)
  }
  await faults.decide(
    name,
    { conclusion: 'errored', reason: /^The build never started, after 3 attempts/ },
    start,
  )
})

test('the order is lost once', { timeout: 120_000 }, async ({ task: { name } }) => {
  const start = performance.now()
  let lost = 0
  carry = (text, bring) => (text.includes('grants') && text.includes('Sns') && lost++ === 0 ? null : bring())
  await push(name)
  await faults.ci.until('the order', async () => lost === 1)
  await waitForLatestEnd(name)
  await faults.decide(name, PASSED, start)
})

test('the build is killed, and its failure record is lost', { timeout: 120_000 }, async ({
  task: { name },
}) => {
  const start = performance.now()
  carry = (text, bring) => (text.includes('requestContext') ? null : bring())
  const commit = await push(name, 'echo begun; sleep 1000')
  await faults.ci.until('the start', async () => (await faults.ci.look(refOf(name)))?.status === 'running')
  for (const { pid } of faults.ci.system.lambda.sandboxes(functionName('run-protected')))
    process.kill(pid, 'SIGKILL')
  await faults.ci.settled()
  expect((await faults.ci.look(refOf(name)))?.status).toBe('running')
  expect((await faults.ci.statuses(nameOf(name), commit)).at(-1)).toMatch(/^pending/)
  await waitForLatestEnd(name)
  await faults.decide(
    name,
    { conclusion: 'errored', reason: /nothing was heard of it until its latest end/ },
    start,
  )
})
