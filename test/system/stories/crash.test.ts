import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { functionName, STACK } from '../../../loopback/system/functions.ts'
import { switchName } from '../../../src/admission/dead-mans-switch.ts'
import { readLockHolder } from '../../../src/deploy/lock.ts'
import { readLog } from '../../../src/log/reader.ts'
import { buildKeys, jobKeys } from '../../../src/records/keys.ts'
import { readBuild, readReport } from '../../../src/records/read-records.ts'
import { logOfJob } from '../../support/examples.ts'
import { grantsWith } from '../../support/records.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem({ buildTimeoutMs: 8000, mixesTenants: true })
  // It runs for seconds, in the function for branches. Meanwhile others are tested.
  await ci.push(await ci.write(lambciJson('sleep 1000')), 'too/long', 'topic')
})
afterAll(() => ci.close())

const commandLines = async () => {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  return Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
}

const processesOf = (trust: 'protected' | 'deploy') =>
  ci.system.lambda.sandboxes(functionName(`run-${trust}`)).map(({ pid }) => pid)

test('a failure record ends a killed build and keeps its log', async () => {
  const at = await ci.write(lambciJson('echo begun; setsid sleep 7654321 & sleep 7654321'))
  const commit = await ci.push(at, 'killed/once', 'master')
  const build = { project: 'gh/killed/once', number: 1 }
  await ci.logged(build, 'begun\n')
  for (const pid of processesOf('protected')) process.kill(pid, 'SIGKILL')
  const view = await ci.ended(build)
  expect(view).toMatchObject({
    status: 'errored',
    reason: 'The job died: its process was killed, most likely for lack of memory',
  })
  const log = await ci.log(build)
  expect(log).toContain('begun\n')
  expect(log).toMatch(/▸ Error: The job died: .*\n$/)
  expect((await ci.statuses('killed/once', commit)).at(-1)).toMatch(
    /^error lambci\/push: Error: The job died/,
  )
  expect(ci.mails.some(({ subject }) => subject === 'errored: killed/once #1 (master)')).toBe(true)

  expect(await commandLines()).not.toContainEqual(expect.stringContaining('sleep\x007654321'))
})

test('a build killed during its deploy fails, releases its stage, and the next push deploys', async () => {
  const at = await ci.write(
    lambciJson('true', { stages: { master: 'dev' }, deploy: 'echo going; sleep 1000' }),
  )
  const commit = await ci.push(at, 'killed/deploy', 'master')
  const build = { project: 'gh/killed/deploy', number: 1 }
  const { log } = jobKeys(build, { key: 1, attempt: 1 })
  await ci.until('the deploy', async () => {
    const { bytes } = await readLog(ci.system.store, log, 0, 10_000)
    return /^going$/m.test(Buffer.from(bytes).toString())
  })
  expect((await ci.view(build))?.status).toBe('deploying')
  for (const pid of processesOf('deploy')) process.kill(pid, 'SIGKILL')
  const view = await ci.ended(build)
  expect(view).toMatchObject({
    status: 'failed',
    deploy: { stage: 'dev', status: 'failed', reason: expect.stringContaining('The job died') },
  })
  // Its log is kept, too.
  expect(await logOfJob(ci, view, 'deploy')).toMatch(
    /^going\n(.*\n)*▸ The job ended in an error: The job died: .*\n$/m,
  )
  expect((await ci.statuses('killed/deploy', commit)).at(-1)).toMatch(
    /^failure .*: Tests passed, deploy to dev failed: The job died: .* · ~\$0\.\d+$/,
  )
  expect(ci.mails.some(({ subject }) => subject === 'deploy failed: killed/deploy #1 (master)')).toBe(true)
  const stage = { project: build.project, stage: 'dev' }
  expect(await readLockHolder(ci.system.store, stage, new Date())).toBeNull()
  await ci.push(
    at,
    'killed/deploy',
    'master',
    lambciJson('true', { stages: { master: 'dev' }, deploy: 'true' }),
  )
  expect((await ci.ended({ ...build, number: 2 })).deploy?.status).toBe('succeeded')
})

test('a command that would exceed the function timeout is stopped in time to report it', async () => {
  const view = await ci.ended({ project: 'gh/too/long', number: 1 })
  expect(view).toMatchObject({ status: 'failed', exit: { kind: 'timed-out' }, log: { complete: true } })
})

const isStopped = async (pid: number) =>
  /^State:\tT/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))

test.each([
  ['the runner', 'kill -STOP $PPID; echo stopped; sleep 1000'],
  ['the runner, its own processes and itself', 'sleep 1000 & kill -STOP $PPID; echo stopped; kill -STOP 0'],
])(
  'a command that stops %s is ended by the time limit of its function, and its end is told',
  async (_, cmd) => {
    const at = await ci.write(lambciJson(cmd))
    const repository = `stopped/${randomUUID()}`
    const commit = await ci.push(at, repository, 'master')
    const build = { project: `gh/${repository}`, number: 1 }
    const stopped = await ci.until('its stop', async () => {
      const found = processesOf('protected').map(async pid => ((await isStopped(pid)) ? [pid] : []))
      return (await Promise.all(found)).flat()[0]
    })
    const view = await ci.ended(build)
    expect(view).toMatchObject({
      status: 'errored',
      reason: "The job died: it ran into the build function's own time limit",
    })
    expect((await ci.statuses(repository, commit)).at(-1)).toMatch(
      /^error lambci\/push: Error: The job died: /,
    )
    // The next build of the branch has another sandbox.
    await ci.push(at, repository, 'master', lambciJson('echo again'))
    expect(await ci.ended({ ...build, number: 2 })).toMatchObject({ status: 'passed' })
    expect(processesOf('protected')).not.toContain(stopped)
  },
)

/** Creates the record of an admitted build whose job message was never published. */
async function buildWithoutRun(repository: string, change: object) {
  const at = await ci.write(lambciJson('true'))
  await ci.push(at, repository, 'master')
  const first = { project: `gh/${repository}`, number: 1 }
  await ci.ended(first)
  const stored = await readBuild(ci.system.store, first)
  const next = { ...stored, number: 2, nonce: randomUUID(), ...change }
  const build = { project: first.project, number: 2 }
  await ci.system.store.put(buildKeys(build).build, JSON.stringify(next), 'application/json')
  return build
}

const anHourAgo = () => new Date(Date.now() - 3_600_000).toISOString()

test("the dead man's switch ends a build that has stopped reporting", async () => {
  const build = await buildWithoutRun('silent/one', { latestEnd: anHourAgo() })
  const run = {
    ...(await storedRun('silent/one')),
    phase: 'running',
    endedAt: null,
    conclusion: null,
    exit: null,
    log: null,
  }
  await ci.system.store.put(jobKeys(build).record('draft'), JSON.stringify(run), 'application/json')
  await setSwitch(build)
  const view = await ci.ended(build)
  expect(view).toMatchObject({
    status: 'errored',
    reason: expect.stringContaining('it did not report its end in time'),
  })
  expect(ci.system.servers.scheduler.schedules().map(({ name }) => name)).not.toContain(switchName(build))
})

test('a build that was never claimed is published again', async () => {
  const build = await buildWithoutRun('lost/message', { latestEnd: anHourAgo() })
  await setSwitch(build)
  const view = await ci.ended(build)
  expect(view.status).toBe('passed')
  expect((await readReport(ci.system.store, build))?.publications).toBe(2)
})

test('a build that overwrites its record with garbage is errored, with a complete log', async () => {
  const gate = ci.gate()
  const at = await ci.write(lambciJson(`echo before; ${gate.wait}; kill -9 $PPID`))
  await ci.push(at, 'garbage/record', 'master')
  const build = { project: 'gh/garbage/record', number: 1 }
  await ci.until('the start', async () => (await ci.view(build))?.status === 'running')
  await ci.system.store.put(jobKeys(build).record('end'), 'garbage', 'application/json')
  const view = await ci.ended(build)
  expect(view).toMatchObject({ status: 'errored', reason: expect.stringContaining('not readable') })
  expect(await ci.log(build)).toContain('not readable')
  // It has cost something, whatever it says.
  expect(view.cost).toBeGreaterThan(0)
  await gate.open()
})

test('a failure record ends only the build with its nonce', async () => {
  const gate = ci.gate()
  const at = await ci.write(lambciJson(gate.wait))
  await ci.push(at, 'forged/record', 'master')
  const build = { project: 'gh/forged/record', number: 1 }
  await ci.until('the start', async () => (await ci.view(build))?.status === 'running')
  const stored = await readBuild(ci.system.store, build)
  const { requestId } = (await ci.view(build))?.runner ?? {}
  const message = {
    build: { ...stored, nonce: randomUUID() },
    grants: grantsWith(),
  }
  await ci.system.lambda.invoke(functionName('report'), {
    version: '1.0',
    requestContext: { requestId, condition: 'RetriesExhausted', approximateInvokeCount: 1 },
    requestPayload: { Records: [{ Sns: { Message: JSON.stringify(message) } }] },
    responsePayload: { errorMessage: 'forged' },
  })
  expect((await ci.view(build))?.status).toBe('running')
  await gate.open()
  expect(await ci.ended(build)).toMatchObject({ status: 'passed' })
})

test('no switch is left after the end of all builds', async () => {
  await ci.settled()
  expect(ci.system.servers.scheduler.schedules()).toEqual([])
})

async function storedRun(repository: string) {
  const stored = await ci.system.store.get(`gh/${repository}/builds/1/jobs/0/1/end.json`)
  return JSON.parse(Buffer.from(stored?.body ?? '').toString())
}

/** Sets the switch as admission does, but due now. */
async function setSwitch(build: { project: string; number: number }) {
  const { addresses, lambda } = ci.system
  const client = new SchedulerClient({
    endpoint: addresses.scheduler,
    region: addresses.region,
    credentials: { accessKeyId: addresses.accessKeyId, secretAccessKey: addresses.secretAccessKey },
  })
  await client.send(
    new CreateScheduleCommand({
      Name: switchName(build),
      GroupName: STACK,
      ScheduleExpression: `at(${new Date().toISOString().slice(0, 19)})`,
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'DELETE',
      Target: {
        Arn: lambda.arn(functionName('report')),
        RoleArn: 'arn:aws:iam::000000000000:role/lambci-scheduler',
        Input: JSON.stringify({ switch: build }),
      },
    }),
  )
}
