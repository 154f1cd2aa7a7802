import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JobMessage } from '../../src/admission/grants.ts'
import { openStore } from '../../src/aws/bucket.ts'
import { readLog } from '../../src/log/reader.ts'
import { listDeployments, readCurrent } from '../../src/records/deployments.ts'
import { type BuildRef, JOB_RECORDS, jobKeys, settingsKeys, stageKeys } from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { draftedJob, draftWith } from '../support/plans.ts'
import { endedRun } from '../support/records.ts'
import { roleArn, roleOf } from '../support/roles.ts'
import { type Files, lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { canReadMemory, readAttack } from './attack.ts'

/**
 * People who may push to the deploy branch `qa` write the code that its builds run, with trust `protected`. None of that reaches the
 * stage `production`, which is that of another branch.
 */
const REPOSITORY = 'eve/web'
const PROJECT = `gh/${REPOSITORY}`
const PRODUCTION = { project: PROJECT, stage: 'production' }
const ROLES = ['site-deploy', 'lambci-session', 'lambci-report', 'lambci-run-deploy'].map(roleArn)
const GREEN = '#!/bin/bash\necho tested\n'
const number = (build: number): BuildRef => ({ project: PROJECT, number: build })

let ci: TestSystem
/** What deploys append: the stage, and the commit. */
let calls: string
let config: Files
let at: string
let released: string
beforeAll(async () => {
  ci = await openTestSystem({ concurrency: 1, deployRole: roleOf('site-deploy') })
  await putJson(ci.system.store, settingsKeys(PROJECT)[1], {
    deployBranches: ['production', 'qa'],
    pinnedStages: {
      production: { branches: ['production'], role: roleArn('site-deploy') },
      qa: { branches: ['qa'] },
    },
  })
  calls = join(ci.directory, 'calls')
  config = lambciJson('./test.sh', {
    stages: { production: 'production', qa: 'qa' },
    deploy: 'echo "$LAMBCI_STAGE $LAMBCI_COMMIT" >> "$CALLS"',
    env: { CALLS: calls },
    cancelSuperseded: false,
  })
  at = await ci.write({ ...config, 'test.sh': GREEN })
  released = await ci.push(at, REPOSITORY, 'production', {}, 'A release')
  expect(await ci.ended(number(1))).toMatchObject({ status: 'passed', deploy: { status: 'succeeded' } })
  await ci.push(at, REPOSITORY, 'production', { 'test.sh': '#!/bin/bash\nexit 1\n' }, 'A red commit')
  expect(await ci.ended(number(2))).toMatchObject({ status: 'failed', deploy: null })
})
afterAll(() => ci.close())

/** What runs in production, and everything that says so. */
async function expectNothingDeployed() {
  await ci.settled()
  expect(await ci.read(calls)).toBe(`production ${released}\n`)
  const { store } = ci.system
  expect(await readCurrent(store, PRODUCTION)).toMatchObject({
    deployed: { build: 1, commit: released },
    latest: { build: 1, status: 'succeeded' },
  })
  expect((await listDeployments(store, PRODUCTION, 10)).map(({ build }) => build)).toEqual([1])
  expect((await store.list(stageKeys(PRODUCTION).next)).length).toBeLessThanOrEqual(1)
  const deployments = (await ci.api('GET', `/repos/${REPOSITORY}/deployments`)) as {
    id: number
    sha: string
    environment: string
  }[]
  for (const { id, sha, environment } of deployments) {
    if (sha === released && environment === 'production') continue
    const statuses = await ci.api('GET', `/repos/${REPOSITORY}/deployments/${id}/statuses`)
    expect(environment).toBe('qa')
    expect((statuses as { state: string }[]).map(({ state }) => state)).not.toContain('success')
  }
}

const deployOf = (stage: string, change: object = {}) => ({
  ...{ stage, url: 'https://eve.example.com/', error: null, digest: 'f'.repeat(32), artifacts: [] },
  ...{ isManual: false, hasVerify: false },
  ...change,
})
const forgedDraft = (deploy: ReturnType<typeof deployOf>, name = 'build') =>
  draftWith([draftedJob(name)], { leadRunsFirst: true, deploys: [deploy] })
const WRONG_BRANCH = /^Tests passed, deploy to production failed: The account's settings reserve it for /

describe.skipIf(!canReadMemory)('with all credentials of its sandbox', () => {
  test("the tests of `qa` reach neither production's records, nor a role, and their own record deploys nothing", async () => {
    const gate = ci.gate()
    const attacks = ['take-stage.mjs', 'find-credentials.mjs', 'find-runner.mjs']
    const texts = await Promise.all(attacks.map(readAttack))
    const { lock, next, current, deploy } = stageKeys(PRODUCTION)
    const keys = [
      ...[lock, next, current, deploy(1), deploy(3)],
      // Those of the job that deploys its own build.
      ...JOB_RECORDS.map(jobKeys(number(3), { key: 1, attempt: 1 }).record),
      jobKeys(number(3), { key: 1, attempt: 1 }).log.whole,
      ...JOB_RECORDS.map(jobKeys(number(1), { key: 1, attempt: 1 }).record),
    ]
    const own = jobKeys(number(3))
    const forged = {
      ...{ phase: 'ended', conclusion: 'passed', exit: { kind: 'exited', code: 0 } },
      plan: { build: true, reason: 'r', cmd: 'true', stage: 'production', merge: null },
      deploy: { stage: 'production', status: 'failed', reason: 'x', url: null, by: null, exit: null },
      draft: forgedDraft(deployOf('production')),
    }
    const env = {
      MODULES: join(process.cwd(), 'node_modules'),
      KEYS: JSON.stringify(keys),
      OWN: JSON.stringify({ claim: own.record('claim'), end: own.record('end') }),
      ROLES: JSON.stringify(ROLES),
      FORGED: JSON.stringify(forged),
      WAIT: gate.wait,
    }
    const files = Object.fromEntries(attacks.map((name, index) => [name, texts[index] ?? '']))
    await ci.push(at, REPOSITORY, 'qa', { ...lambciJson('node take-stage.mjs', { env }), ...files })
    const log = await ci.until('the end of the attack', async () => {
      const { bytes } = await readLog(ci.system.store, own.log, 0, 1_000_000)
      const text = Buffer.from(bytes).toString()
      return text.includes('tried everything\n') && text
    })
    await gate.open()
    const view = await ci.ended(number(3))
    expect(view, log).toMatchObject({
      ...{ status: 'errored', trust: 'protected', reason: expect.stringMatching(WRONG_BRANCH) },
      deploy: { stage: 'production', status: 'failed' },
    })
    expect(log).toContain('claim 403 412\n')
    const found = [...log.matchAll(/^found (.*)$/gm)].map(([, who]) => who ?? '')
    // Its function's, its own, and those that other jobs have left.
    expect(found.some(who => who.startsWith('lambci-run-protected/'))).toBe(true)
    expect(found).toContain('lambci-session/eve.web+lead+3')
    const refused = (who: string, what: string) =>
      log
        .split('\n')
        .find(line => line.startsWith(`${who} ${what} `))
        ?.slice(`${who} ${what} `.length)
    for (const who of found) {
      for (const key of keys) expect([who, key, refused(who, key)]).toEqual([who, key, '403 403 403 403'])
      for (const role of ROLES)
        expect([who, role, refused(who, `assume ${role}`)]).toEqual([who, role, '403'])
    }
    expect((await ci.statuses(REPOSITORY, view.commit)).at(-1)).toMatch(/^error /)
    await expectNothingDeployed()
  })
})

type Forged = { run: object; ends: object }

describe('with the credentials of its job, before that has begun', () => {
  // The sandbox is busy, so that whoever has the message of a job is the first who can write its record.
  let gate: ReturnType<TestSystem['gate']>
  beforeAll(async () => {
    gate = ci.gate()
    await ci.push(await ci.write(lambciJson(gate.wait)), 'eve/busy', 'master')
    await ci.until(
      'a busy sandbox',
      async () => (await ci.view({ project: 'gh/eve/busy', number: 1 }))?.runner,
    )
  })

  test.each<[string, Forged]>([
    [
      'proposes a stage of another branch',
      {
        run: { draft: forgedDraft(deployOf('production')) },
        ends: { status: 'errored', reason: expect.stringMatching(WRONG_BRANCH) },
      },
    ],
    [
      'proposes it as one that cannot be deployed',
      {
        run: { draft: forgedDraft(deployOf('production', { error: 'x' })) },
        ends: {
          status: 'failed',
          deploy: { stage: 'production', status: 'failed', reason: 'x', url: deployOf('').url, exit: null },
        },
      },
    ],
    [
      'proposes another deploy than that of its commit',
      {
        run: { draft: forgedDraft(deployOf('qa')) },
        ends: {
          ...{ status: 'errored', deploy: expect.objectContaining({ stage: 'qa', status: 'failed' }) },
          reason: 'Tests passed, deploy to qa failed: This commit does not have the deploy that was planned.',
        },
      },
    ],
    [
      'proposes a job that is called as the one that deploys',
      {
        run: { draft: forgedDraft(deployOf('qa'), 'deploy') },
        ends: { status: 'errored', deploy: null, reason: expect.stringContaining('a job is called deploy') },
      },
    ],
    [
      'says that it has deployed',
      {
        run: {
          plan: { build: true, reason: 'r', cmd: 'true', stage: 'production', merge: null },
          deploy: { stage: 'production', status: 'succeeded', reason: null, exit: null, url: null, by: null },
        },
        ends: { status: 'passed', deploy: null },
      },
    ],
  ])('a build of `qa` whose record %s ends before it deploys', async (_, { run, ends }) => {
    const commit = await ci.push(at, REPOSITORY, 'qa', { ...config, 'test.sh': GREEN })
    const { build, grants } = await messageOf(commit)
    const { addresses } = ci.system
    const own = openStore(addresses.bucket, {
      ...{ endpoint: addresses.s3, region: addresses.region, mayList: false },
      ...(grants.credentials && { credentials: grants.credentials }),
    })
    const record = endedRun({ nonce: build.nonce, ...run })
    await own.putOnce(jobKeys(build).record('end'), Buffer.from(JSON.stringify(record)), 'application/json')
    own.close()
    const view = await ci.ended(build)
    expect(view).toMatchObject({ branch: 'qa', trust: 'protected', ...ends })
  })

  test('nothing of that is deployed', async () => {
    await gate.open()
    await ci.ended({ project: 'gh/eve/busy', number: 1 })
    await expectNothingDeployed()
  })
})

/** The message that starts the build of a commit. */
const messageOf = (commit: string): Promise<JobMessage> =>
  ci.until('the message', async () => ci.messages.find(({ build }) => build.commit === commit))
