import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { functionName } from '../../loopback/system/functions.ts'
import { jobKeys, runnerSecretsKey, stagesPrefix, variablesKeys } from '../../src/records/keys.ts'
import { putJson, readJson } from '../support/bucket.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY } from '../support/plans.ts'
import { type Files, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { canReadMemory, lambciJson, prepareAttack, readAttack } from './attack.ts'

/**
 * What the unmodified build of a hostile pull request can access, and what it leaves behind. One sandbox serves all
 * forks here, so that each build runs where the previous one has run. Its rights in the bucket are tested in
 * test/system/stories/rights.test.ts and deploy-roles.test.ts.
 */
const READER = 'reader@localhost'
const TIMEOUT_MS = 120_000
const hex = (text: string) => Buffer.from(text).toString('hex')

/** A small file system for the sandboxes, so that a build can fill it. */
const root = await mkdtemp(join(tmpdir(), 'lambci-hostile-'))
const disk = join(root, 'data', 'sandboxes')
await mkdir(disk, { recursive: true })
const hasDisk =
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=10m,nr_inodes=1500', 'tmpfs', disk]).status === 0

let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem({ root, concurrency: 1, buildTimeoutMs: 15_000 })
  const { sns, jobsTopic, region } = ci.system.addresses
  const client = new SNSClient({ endpoint: sns, region, credentials: ci.system.keys })
  await client.send(new SubscribeCommand({ TopicArn: jobsTopic, Protocol: 'email', Endpoint: READER }))
  client.destroy()
})
afterAll(async () => {
  await ci.close().catch(() => {})
  if (hasDisk) execFileSync('umount', ['-l', disk])
  await rm(root, { recursive: true, force: true })
})

/** Runs an attack from a fork to its end. */
async function runAttack(name: string, files: Files, base: object = {}) {
  const attack = await prepareAttack(ci, name, files, base)
  const view = await ci.ended(await attack())
  return { view, log: await ci.log(view) }
}

const sessionTokenOf = ({ project, number }: { project: string; number: number }): string => {
  const messages = ci.mails.filter(({ to }) => to === READER).map(({ text }) => JSON.parse(text))
  const message = messages.find(({ build }) => build.project === project && build.number === number)
  return message?.grants.credentials.sessionToken
}

/** The files of a build that lists first what is left of the previous one in its sandbox. */
const inspecting = async (cmd: string) => ({
  ...lambciJson(`bash inspect.sh; ${cmd}`),
  'inspect.sh': await readAttack('inspect.sh'),
})

function expectClean(log: string) {
  for (const line of ['home: ', 'temp: ', 'programs: 0', 'config: 0', 'hooks: 0', 'daemons: 0'])
    expect(log).toContain(`\n${line}\n`)
  expect(log).toContain('\nsandbox: home mirrors temp workspace \n')
  // The build's own command writes the rest.
  const [before = ''] = log.split('\ndaemons: 0\n')
  expect(before).not.toContain('a changed')
  expect(before).not.toContain('left')
}

/** Runs a further build in the same sandbox, and checks that nothing is left of the previous one. */
async function expectCleanSandbox(name: string) {
  const { view, log } = await runAttack(`${name}-next`, await inspecting('true'))
  expect(view, log).toMatchObject({ status: 'passed', trust: 'fork' })
  expectClean(log)
}

describe.skipIf(!canReadMemory)("the runner's environment and memory", () => {
  /** Every secret of the test system, by its name. */
  async function knownSecrets() {
    const { keys, store } = ci.system
    const runner = (await readJson(store, runnerSecretsKey)) as Record<string, string>
    return {
      'webhook secret': keys.webhookSecret,
      'GitHub token': keys.githubToken,
      'clone token': keys.cloneToken,
      'link key': runner.linkKey ?? '',
      'key of the account': keys.secretAccessKey,
      'secret variable': 'a-secret-variable-of-the-account',
    }
  }

  const files = async (wanted: Record<string, string>, rest = {}) => {
    const hexed = Object.fromEntries(Object.entries(wanted).map(([name, text]) => [name, hex(text)]))
    const [memory, runner] = await Promise.all([readAttack('read-memory.mjs'), readAttack('find-runner.mjs')])
    return {
      ...lambciJson('node read-memory.mjs', { env: { NEEDLES: JSON.stringify(hexed) }, ...rest }),
      'read-memory.mjs': memory,
      'find-runner.mjs': runner,
    }
  }

  test('hold no secret of the account for a fork', { timeout: TIMEOUT_MS }, async () => {
    await putJson(ci.system.store, variablesKeys('gh/home/memory')[0], {
      SECRET: 'a-secret-variable-of-the-account',
    })
    const wanted = await knownSecrets()
    expect(Object.values(wanted).every(text => text.length > 5)).toBe(true)
    // The bucket's variable shows that the attack does read the memory.
    const { view, log } = await runAttack('memory', await files({ ...wanted, bucket: 'LAMBCI_BUCKET' }))
    expect(view, log).toMatchObject({ status: 'passed', trust: 'fork' })
    expect(log).toContain('found: bucket.\n')
    expect(sessionTokenOf(view).length).toBeGreaterThan(20)
  })

  test("hold a branch build's own secret variables, and no other secret", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const at = await ci.write(await files(await knownSecrets(), { branches: { topic: true } }))
    await ci.push(at, 'home/memory-branch', 'topic')
    const view = await ci.ended({ project: 'gh/home/memory-branch', number: 1 })
    expect(view).toMatchObject({ status: 'passed', trust: 'branch' })
    expect(await ci.log(view)).toContain('found: secret variable.\n')
  })
})

test('files, processes and settings that a build leaves are gone for the next one, whose fork bomb is stopped', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { view, log } = await runAttack('leaves', {
    ...lambciJson('bash leave-behind.sh'),
    'leave-behind.sh': await readAttack('leave-behind.sh'),
  })
  expect(view, log).toMatchObject({ status: 'passed' })
  expect(log).toContain('left in ')
  const next = await runAttack('bomb', {
    ...(await inspecting('bash fork-bomb.sh')),
    'fork-bomb.sh': await readAttack('fork-bomb.sh'),
  })
  expectClean(next.log)
  expect(next.log).toContain('exploded\n')
  expect(next.view, next.log).toMatchObject({ status: 'passed', runner: { start: 'warm' } })
  await expectCleanSandbox('bomb')
})

describe.skipIf(!hasDisk)('a full disk', () => {
  test('of bytes or of files fails the build that filled it, and is empty for the next one', {
    timeout: TIMEOUT_MS,
  }, async () => {
    for (const [name, cmd] of [
      ['bytes', 'yes > "$TMPDIR/full"; yes > ../full; exit 3'],
      ['files', 'for i in $(seq 2000); do : > "../$i" || exit 3; done'],
    ] as const) {
      const { view, log } = await runAttack(`full-of-${name}`, await inspecting(cmd))
      expect(view, log).toMatchObject({ status: 'failed', exit: { kind: 'exited', code: 3 } })
      expectClean(log)
      expect(log).toContain('No space left on device')
    }
    await expectCleanSandbox('full-of-files')
  })

  test('does not keep a deploy from finishing', { timeout: TIMEOUT_MS }, async () => {
    const rest = { stages: { master: 'dev' }, deploy: 'echo deployed' }
    const at = await ci.write(lambciJson('yes > "$TMPDIR/full" || true', rest))
    await ci.push(at, 'home/full-deploy', 'master')
    const view = await ci.ended({ project: 'gh/home/full-deploy', number: 1 })
    expect(view).toMatchObject({ status: 'passed', deploy: { status: 'succeeded' } })
  })

  test('during the checkout is reported as such', { timeout: TIMEOUT_MS }, async () => {
    const big = Buffer.alloc(11 * 1024 * 1024, 'x').toString()
    const { view } = await runAttack('full-checkout', { ...lambciJson('true'), big })
    expect(view).toMatchObject({ status: 'errored', reason: expect.stringContaining('The disk is full') })
    await expectCleanSandbox('full-checkout')
  })
})

test('endless output is stopped by the timeout, and the log says so', { timeout: TIMEOUT_MS }, async () => {
  const { view, log } = await runAttack(
    'flood',
    lambciJson('yes flood | head -c 8M; while :; do echo flood; done'),
    // A fork cannot set its own timeout.
    { timeout: 1 },
  )
  expect(view.status).toBe('failed')
  expect(view.reason).toMatch(/^Timed out after/)
  expect(log).toMatch(/flood\n▸ .*Timed out/s)
})

const FORGED_DRAFT = draftWith([draftedJob('build')], { leadRunsFirst: true, deploys: [PLANNED_DEPLOY] })

test.each([
  [
    'that it has a stage',
    { plan: { build: true, reason: 'r', cmd: 'true', stage: 'production', merge: null } },
    'claims a deploy that this build cannot have done',
  ],
  ['that it deploys', { draft: FORGED_DRAFT }, 'builds of this branch or pull request do not deploy'],
])(
  'a record in which the build of a fork says %s is rejected',
  { timeout: TIMEOUT_MS },
  async (_, forged, reason) => {
    // A build can write its own record, so a hostile one can forge it.
    const name = `forger-${Object.keys(forged)}`
    const over = join(root, name)
    const attack = await prepareAttack(ci, name, lambciJson(`until [ -e ${over} ]; do sleep 0.05; done`))
    const build = await attack()
    await ci.until('its start', async () => (await ci.view(build))?.status === 'running')
    const run = (await readJson(ci.system.store, jobKeys(build).record('claim'))) as object
    await putJson(ci.system.store, jobKeys(build).record('end'), {
      ...run,
      phase: 'ended',
      conclusion: 'passed',
      endedAt: new Date().toISOString(),
      ...forged,
    })
    const view = await ci.ended(build)
    expect(view).toMatchObject({ status: 'errored', deploy: null, reason: expect.stringContaining(reason) })
    expect(await ci.api('GET', `/repos/home/${name}/deployments`)).toEqual([])
    expect(await ci.system.store.list(stagesPrefix(build.project))).toEqual([])
    expect((await ci.statuses(`home/${name}`, view.commit)).at(-1)).toMatch(/^error /)
    await writeFile(over, '')
  },
)

test('builds of different trust never share a sandbox', () => {
  const pids = (['run-fork', 'run-branch', 'run-protected', 'run-deploy'] as const).flatMap(name =>
    ci.system.lambda.sandboxes(functionName(name)).map(({ pid }) => pid),
  )
  expect(pids.length).toBeGreaterThanOrEqual(2)
  expect(new Set(pids).size).toBe(pids.length)
})
