import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { functionName } from '../../loopback/system/functions.ts'
import { buildKeys, runnerSecretsKey, variablesKeys } from '../../src/records/keys.ts'
import { putJson, readJson } from '../support/bucket.ts'
import {
  lambciJson as configOf,
  type Files,
  openTestSystem,
  type TestSystem,
} from '../support/test-system.ts'

/**
 * What a hostile pull request, run as it is, can reach and what it leaves. One sandbox serves all forks here, so that
 * the next build always meets what the last one left. What it may read and write in the bucket is in
 * test/system/stories/rights.test.ts and deploy-roles.test.ts.
 */
const READER = 'reader@localhost'
const PATIENT = 120_000
const attack = (name: string) => readFile(join(import.meta.dirname, 'attacks', name), 'utf8')
const hex = (text: string) => Buffer.from(text).toString('hex')

/** Built as a pull request alone, and not as a push to the stranger's own repository as well. */
const lambciJson = (cmd: string, rest: object = {}) => configOf(cmd, { branches: { master: true }, ...rest })

/** A disk that can be filled. */
const home = await mkdtemp(join(tmpdir(), 'lambci-hostile-'))
const disk = join(home, 'data', 'sandboxes')
await mkdir(disk, { recursive: true })
const hasDisk =
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,nr_inodes=4000', 'tmpfs', disk]).status === 0

let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem({ home, concurrency: 1, buildTimeoutMs: 15_000 })
  const { sns, jobsTopic, region } = ci.system.addresses
  const client = new SNSClient({ endpoint: sns, region, credentials: ci.system.keys })
  await client.send(new SubscribeCommand({ TopicArn: jobsTopic, Protocol: 'email', Endpoint: READER }))
  client.destroy()
})
afterAll(async () => {
  await ci.close().catch(() => {})
  if (hasDisk) execFileSync('umount', ['-l', disk])
  await rm(home, { recursive: true, force: true })
})

/** A repository with a build of its own, and a pull request to it from a stranger's fork, which is its #2. */
async function attackFromFork(name: string, files: Files) {
  const repository = `home/${name}`
  const at = await ci.write(lambciJson('true', { pullRequests: { fromForkPublicRepo: true } }))
  await ci.push(at, repository, 'master')
  await ci.ended({ project: `gh/${repository}`, number: 1 })
  await ci.api('POST', `/repos/${repository}/forks`, { organization: 'stranger' })
  await ci.push(at, `stranger/${name}`, 'topic', files)
  await ci.api('POST', `/repos/${repository}/pulls`, {
    title: 'Nothing to see',
    head: 'stranger:topic',
    base: 'master',
  })
  return { project: `gh/${repository}`, number: 2 }
}

/** The same, until its end; answers the log as well. */
async function struck(name: string, files: Files) {
  const view = await ci.ended(await attackFromFork(name, files))
  return { view, log: await ci.log(view) }
}

const sessionTokenOf = ({ project, number }: { project: string; number: number }): string => {
  const messages = ci.mails.filter(({ to }) => to === READER).map(({ text }) => JSON.parse(text))
  const order = messages.find(({ build }) => build.project === project && build.number === number)
  return order?.grants.credentials.sessionToken
}

/** What a build finds that comes into a sandbox in which another one was. */
async function nextBuildIsClean(name: string) {
  const { view, log } = await struck(`${name}-next`, {
    ...lambciJson('bash look.sh'),
    'look.sh': await attack('look.sh'),
  })
  expect(view, log).toMatchObject({ status: 'passed', trust: 'fork' })
  for (const line of ['home: ', 'temp: ', 'programs: 0', 'config: 0', 'hooks: 0', 'daemons: 0'])
    expect(log).toContain(`\n${line}\n`)
  expect(log).toContain('\nsandbox: home mirrors temp workspace \n')
  expect(log).not.toContain('a changed')
  expect(log).not.toContain('left')
  return view
}

/** Reading another process's memory takes rights that not everybody has. */
const canReadMemory = (() => {
  try {
    closeSync(openSync(`/proc/${process.ppid}/mem`, 'r'))
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!canReadMemory)("the runner's environment and memory", () => {
  /** Everything that is secret here; what a fork must not find, and one thing that it does. */
  async function needles() {
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
    const [memory, runner] = await Promise.all([attack('memory.mjs'), attack('runner.mjs')])
    return {
      ...lambciJson('node memory.mjs', { env: { NEEDLES: JSON.stringify(hexed) }, ...rest }),
      'memory.mjs': memory,
      'runner.mjs': runner,
    }
  }

  test('hold nothing of the account for a fork', { timeout: PATIENT }, async () => {
    await putJson(ci.system.store, variablesKeys('gh/home/memory')[0], {
      SECRET: 'a-secret-variable-of-the-account',
    })
    const wanted = await needles()
    expect(Object.values(wanted).every(text => text.length > 5)).toBe(true)
    // It does read the memory: what the process was told about the place is there.
    const { view, log } = await struck('memory', await files({ ...wanted, bucket: 'LAMBCI_BUCKET' }))
    expect(view, log).toMatchObject({ status: 'passed', trust: 'fork' })
    expect(log).toContain('found: bucket.\n')
    expect(sessionTokenOf(view).length).toBeGreaterThan(20)
  })

  test("hold a branch build's own secret variables, and no more", { timeout: PATIENT }, async () => {
    const at = await ci.write(await files(await needles(), { branches: { topic: true } }))
    await ci.push(at, 'home/memory-branch', 'topic')
    const view = await ci.ended({ project: 'gh/home/memory-branch', number: 1 })
    expect(view).toMatchObject({ status: 'passed', trust: 'branch' })
    expect(await ci.log(view)).toContain('found: secret variable.\n')
  })
})

test('what a build leaves behind is gone when the next one comes', { timeout: PATIENT }, async () => {
  const { view, log } = await struck('leaves', {
    ...lambciJson('bash leave.sh'),
    'leave.sh': await attack('leave.sh'),
  })
  expect(view, log).toMatchObject({ status: 'passed' })
  expect(log).toContain('left in ')
  const next = await nextBuildIsClean('leaves')
  expect(next.runner?.start).toBe('warm')
})

test('a bomb of processes is defused', { timeout: PATIENT }, async () => {
  const { view, log } = await struck('bomb', {
    ...lambciJson('bash bomb.sh'),
    'bomb.sh': await attack('bomb.sh'),
  })
  expect(log).toContain('exploded\n')
  expect(view.status, log).toBe('passed')
  await nextBuildIsClean('bomb')
})

describe.skipIf(!hasDisk)('a full disk', () => {
  test.each([
    ['of bytes', 'yes > "$TMPDIR/full"; yes > ../full; exit 3', 'No space left on device'],
    ['of files', 'for i in $(seq 5000); do : > "../$i" || exit 3; done', 'No space left on device'],
  ])('%s is the failure of whoever filled it', { timeout: PATIENT }, async (name, cmd, said) => {
    const repository = `full-${name.replace(' ', '-')}`
    const { view, log } = await struck(repository, lambciJson(cmd))
    expect(view, log).toMatchObject({ status: 'failed', exit: { kind: 'exited', code: 3 } })
    expect(log).toContain(said)
    await nextBuildIsClean(repository)
  })

  test('does not keep a deploy from ending', { timeout: PATIENT }, async () => {
    const rest = { stages: { master: 'dev' }, deploy: 'echo deployed' }
    const at = await ci.write(lambciJson('yes > "$TMPDIR/full" || true', rest))
    await ci.push(at, 'home/full-deploy', 'master')
    const view = await ci.ended({ project: 'gh/home/full-deploy', number: 1 })
    expect(view).toMatchObject({ status: 'passed', deploy: { status: 'succeeded' } })
  })

  test('at the checkout is told in words', { timeout: PATIENT }, async () => {
    const big = Buffer.alloc(40 * 1024 * 1024, 'x').toString()
    const { view } = await struck('full-checkout', { ...lambciJson('true'), big })
    expect(view).toMatchObject({ status: 'errored', reason: expect.stringContaining('The disk is full') })
    await nextBuildIsClean('full-checkout')
  })
})

test('a flood of output that does not end is ended, and told', { timeout: PATIENT }, async () => {
  const { view, log } = await struck(
    'flood',
    lambciJson('yes flood | head -c 30M; while :; do echo flood; done', { timeout: 3 }),
  )
  expect(view.status).toBe('failed')
  expect(view.reason).toMatch(/^Timed out after/)
  expect(log).toMatch(/flood\n▸ .*Timed out/s)
})

test('a record that tells of a deploy is not believed', { timeout: PATIENT }, async () => {
  // A build writes its own record, so a hostile one can: here, with the credentials that it was admitted with.
  const build = await attackFromFork('forger', lambciJson('sleep 10'))
  await ci.until('its start', async () => (await ci.look(build))?.status === 'running')
  const key = buildKeys(build).run
  const run = (await readJson(ci.system.store, key)) as object
  const deploy = { stage: 'production', status: 'succeeded', reason: null, exit: null, url: null, by: null }
  await putJson(ci.system.store, key, {
    ...{ ...run, phase: 'ended', conclusion: 'passed', endedAt: new Date().toISOString(), deploy },
  })
  const view = await ci.ended(build)
  expect(view).toMatchObject({
    status: 'errored',
    deploy: null,
    reason: expect.stringContaining('a deploy that it cannot have done'),
  })
  expect(await ci.api('GET', '/repos/home/forger/deployments')).toEqual([])
  expect((await ci.statuses('home/forger', view.commit)).at(-1)).toMatch(/^error /)
})

test('who takes the next invocation gets a stranger’s order, which opens its own build alone', {
  timeout: PATIENT,
}, async () => {
  const [next, runner] = await Promise.all([attack('next.mjs'), attack('runner.mjs')])
  const victim = { project: 'gh/home/victim', number: 2 }
  const keys = [
    buildKeys(victim).run,
    buildKeys(victim).build,
    buildKeys(victim).report,
    buildKeys({ ...victim, number: 1 }).run,
    runnerSecretsKey,
    'config/global.json',
  ]
  const env = {
    ...{ KEYS: JSON.stringify(keys), BUCKET: ci.system.addresses.bucket },
    MODULES: join(process.cwd(), 'node_modules'),
  }
  const thief = await attackFromFork('thief', {
    ...{ ...lambciJson('node next.mjs', { env }), 'next.mjs': next, 'runner.mjs': runner },
  })
  await ci.until('the theft', async () => (await ci.look(thief))?.status === 'running')
  await attackFromFork('victim', lambciJson('echo tested'))
  const stolen = await ci.ended(thief)
  const log = await ci.log(stolen)
  expect(log).toContain('answered 202\n')
  const [, order = ''] = /^stolen (.*)$/m.exec(log) ?? []
  expect(JSON.parse(order)).toMatchObject({
    ...{ project: victim.project, trust: 'fork' },
    ...{ cloneToken: null, secretVariables: [], deployRole: null },
  })
  // Nothing was there yet but what it may write itself.
  for (const key of keys) expect(log).toContain(`tried ${key} 403\n`)
  // Whoever lost the order is handed it once more, and told the end.
  const view = await ci.ended(victim)
  expect(view.status, JSON.stringify(view)).toBe('passed')
})

test('levels of trust never share a sandbox', () => {
  const pids = (['run-fork', 'run-branch', 'run-protected'] as const).flatMap(name =>
    ci.system.lambda.sandboxes(functionName(name)).map(({ pid }) => pid),
  )
  expect(pids.length).toBeGreaterThanOrEqual(2)
  expect(new Set(pids).size).toBe(pids.length)
})
