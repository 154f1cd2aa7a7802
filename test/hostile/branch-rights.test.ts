import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  branchKey,
  buildKeys,
  cachePrefix,
  commitKey,
  counterKey,
  deliveryKey,
  JOB_RECORDS,
  jobKeys,
  outPrefix,
  repositoryIdKey,
  repositoryKey,
  runnerSecretsKey,
  runningKey,
  settingsKeys,
  sharedCommitsKey,
  spendKeys,
  stageKeys,
  stageVariablesKey,
  triggerKey,
  variablesKeys,
} from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { roleArn, roleOf } from '../support/roles.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { readAttack } from './attack.ts'

const PROJECT = 'gh/eve/web'
const OTHER = 'gh/ada/web'
/** The first build takes the message of the second one. */
const thief = { project: PROJECT, number: 1 }
const stolen = { project: PROJECT, number: 2 }
const OWN = `${outPrefix(stolen, { key: 0, attempt: 1 })}artifacts/mine.tar.zst`

const scope = (trigger: string) => createHash('sha256').update(trigger).digest('hex').slice(0, 16)
const cacheOf = (project: string, trigger: string) => `${cachePrefix(project, 'branch')}${scope(trigger)}/npm`
const protectedCache = (project: string, trigger: string) =>
  `${cachePrefix(project, 'protected')}${scope(trigger)}/npm`
const objectsOf = (build: { project: string; number: number }, job: { key: number; attempt: number }) => {
  const keys = jobKeys(build, job)
  return [
    ...JOB_RECORDS.map(keys.record),
    keys.log.whole,
    keys.log.lines,
    keys.log.segment(0),
    `${outPrefix(build, job)}artifacts/dist.tar.zst`,
  ]
}
const stagesOf = (project: string) => {
  const { lock, next, current, deploy } = stageKeys({ project, stage: 'qa' })
  return [lock, next, current, deploy(1)]
}

/** What no job of trust `branch` may even read. */
const CLOSED = [
  // Other jobs and attempts of its own build, other builds, other repositories.
  ...objectsOf(stolen, { key: 1, attempt: 1 }),
  ...objectsOf(stolen, { key: 0, attempt: 2 }),
  ...objectsOf(thief, { key: 0, attempt: 1 }),
  ...objectsOf({ project: OTHER, number: 1 }, { key: 0, attempt: 1 }),
  ...[stolen, thief, { project: OTHER, number: 1 }].flatMap(build => {
    const { build: admitted, plan, report, gone, log } = buildKeys(build)
    return [admitted, plan, report, gone, log]
  }),
  ...[thief, { project: OTHER, number: 1 }].map(build => buildKeys(build).cancel),
  // Stages, whose locks and ledgers decide what is deployed.
  ...[PROJECT, OTHER].flatMap(stagesOf),
  // Caches with which others start.
  cacheOf(PROJECT, 'push/another'),
  cacheOf(PROJECT, 'pr/1'),
  cacheOf(OTHER, 'push/topic'),
  `${cachePrefix(PROJECT, 'fork')}npm`,
  protectedCache(PROJECT, 'push/another'),
  protectedCache(OTHER, 'push/master'),
  `${cachePrefix(PROJECT, 'deploy')}qa/npm`,
  // What report and http know and decide.
  ...[PROJECT, OTHER].flatMap(project => [
    counterKey(project),
    runningKey(project),
    repositoryKey(project),
    branchKey(project, 'another'),
    commitKey(project, 'a'.repeat(40)),
    triggerKey({ project, trigger: 'push/another' }),
    sharedCommitsKey({ project, trigger: 'push/another' }),
    spendKeys.month(project, '2020-01'),
    settingsKeys(project)[1],
  ]),
  repositoryIdKey(1),
  deliveryKey('1/0b4e-77'),
  settingsKeys('')[0],
  runnerSecretsKey,
  variablesKeys(OTHER)[1],
  // What deploys alone get.
  ...[PROJECT, OTHER].flatMap(project => ['*', 'qa'].map(stage => stageVariablesKey({ project, stage }))),
]
/** What it may read, and neither change nor remove. */
const READABLE = [
  ...variablesKeys(PROJECT),
  cacheOf(PROJECT, 'push/master'),
  protectedCache(PROJECT, 'push/master'),
]
/** Answers to the requests that the attack makes for each key: one that reads, six that write, remove or copy. */
const DENIED = { job: '403 403 403 403 403 403 403', function: '403 403 403' }
const READ_ONLY = /^200 403 403 403 403 403 \d{3}$/
const PREFIXES = ['', `${PROJECT}/`, `${OTHER}/`, 'cache/', 'config/', 'secrets/', 'out/', 'deliveries/']
const ROLES = [
  ...['site-deploy', 'site-jobs', 'lambci-session', 'lambci-http', 'lambci-report', 'lambci-scheduler'],
  ...['lambci-run-fork', 'lambci-run-branch', 'lambci-run-protected', 'lambci-run-deploy'],
].map(roleArn)

let ci: TestSystem
beforeAll(async () => {
  // One sandbox for the jobs of all branches.
  ci = await openTestSystem({
    concurrency: 1,
    deployRole: roleOf('site-deploy'),
    jobRole: roleOf('site-jobs'),
  })
  const { store } = ci.system
  // Everything exists: nothing is denied only because it is missing. What the system itself writes stays as it is.
  const kept = /^(deliveries|config|secrets)\/|\/(counter|running|repository)\.json$|builds\/[12]\//
  for (const key of [...CLOSED, ...READABLE]) if (!kept.test(key)) await putJson(store, key, {})
  const secrets = CLOSED.filter(key => key.startsWith('secrets/env/'))
  for (const key of [variablesKeys('')[0], variablesKeys(PROJECT)[1], ...secrets])
    await putJson(store, key, { TOKEN: 'never-shown' })
  // Roles that this repository's deploys and jobs have, of which no branch but "production" gets one.
  await putJson(store, settingsKeys(PROJECT)[1], {
    deployBranches: ['production'],
    jobRoles: { build: roleArn('site-jobs') },
    pinnedStages: { qa: { branches: ['production'], role: roleArn('site-deploy') } },
  })
})
afterAll(async () => {
  // Without waiting for the invocation that is stolen, which lasts until the function's timeout.
  await ci.system.close()
  await rm(ci.directory, { recursive: true, force: true })
})

test('the build of a branch reaches no key of other jobs, no stage, no cache of others, and no role', async () => {
  const [attack, runner] = await Promise.all([
    readAttack('try-everything.mjs'),
    readAttack('find-runner.mjs'),
  ])
  const { bucket, jobsTopic, notificationsTopic } = ci.system.addresses
  const topics = [jobsTopic, notificationsTopic, ci.system.servers.stack.outputs.FailuresTopic ?? '']
  const env = {
    BUCKET: bucket,
    MODULES: join(process.cwd(), 'node_modules'),
    OWN,
    KEYS: JSON.stringify([...CLOSED, ...READABLE]),
    PREFIXES: JSON.stringify(PREFIXES),
    ROLES: JSON.stringify(ROLES),
    TOPICS: JSON.stringify(topics),
  }
  const at = await ci.write({
    ...lambciJson('node try-everything.mjs', { env, cancelSuperseded: false }),
    'try-everything.mjs': attack,
    'find-runner.mjs': runner,
  })
  await ci.push(at, 'eve/web', 'master', {}, 'The default branch [skip ci]')
  await ci.push(at, 'eve/web', 'topic')
  await ci.until('the first build', async () => (await ci.view(thief))?.status === 'running')
  await ci.push(at, 'eve/web', 'topic')
  const view = await ci.ended(thief)
  const log = await ci.log(view)
  expect(view, log).toMatchObject({ status: 'passed', trust: 'branch' })
  expect(log).toContain(`stolen ${PROJECT} #2 branch job 0\n`)
  expect(log).toContain('job own 200\n')
  expect(log).toContain('function own 403\n')
  const statusesOf = (name: string, what: string) =>
    log
      .split('\n')
      .find(line => line.startsWith(`${name} ${what} `))
      ?.slice(`${name} ${what} `.length)
  for (const name of ['job', 'function'] as const) {
    for (const key of CLOSED) expect([name, key, statusesOf(name, key)]).toEqual([name, key, DENIED[name]])
    for (const prefix of PREFIXES)
      expect([prefix, statusesOf(name, `list ${prefix}`)]).toEqual([prefix, '403'])
    for (const role of ROLES) expect([role, statusesOf(name, `assume ${role}`)]).toEqual([role, '403'])
    for (const topic of topics) expect([topic, statusesOf(name, `publish ${topic}`)]).toEqual([topic, '403'])
  }
  for (const key of READABLE) {
    expect([key, statusesOf('job', key)]).toEqual([key, expect.stringMatching(READ_ONLY)])
    expect([key, statusesOf('function', key)]).toEqual([key, DENIED.function])
  }
  expect(log).not.toContain('never-shown')
})
