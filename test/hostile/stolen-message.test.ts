import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildKeys, jobKeys, runnerSecretsKey, settingsKeys } from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { roleArn, roleOf } from '../support/roles.ts'
import { lambciJson as configOf, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { lambciJson, prepareAttack, readAttack } from './attack.ts'

let ci: TestSystem
beforeAll(async () => {
  // One sandbox for each trust. An invocation whose message is stolen lasts until the function's timeout.
  ci = await openTestSystem({
    concurrency: 1,
    buildTimeoutMs: 12_000,
    jobRole: roleOf('integration'),
    deployRole: roleOf('deployer'),
  })
})
afterAll(() => ci.close())

test('a build that takes the next invocation gets a job message whose credentials open only that build', async () => {
  const [next, runner] = await Promise.all([
    readAttack('take-next-invocation.mjs'),
    readAttack('find-runner.mjs'),
  ])
  const nextBuild = { project: 'gh/home/victim', number: 1 }
  const keys = [
    jobKeys(nextBuild).record('end'),
    buildKeys(nextBuild).build,
    buildKeys(nextBuild).report,
    jobKeys({ ...nextBuild, number: 2 }).record('end'),
    runnerSecretsKey,
    'config/global.json',
  ]
  const env = {
    KEYS: JSON.stringify(keys),
    BUCKET: ci.system.addresses.bucket,
    MODULES: join(process.cwd(), 'node_modules'),
  }
  const steal = await prepareAttack(ci, 'thief', {
    ...lambciJson('node take-next-invocation.mjs', { env }),
    'take-next-invocation.mjs': next,
    'find-runner.mjs': runner,
  })
  const startVictim = await prepareAttack(ci, 'victim', lambciJson('echo tested'))
  const thief = await steal()
  await ci.until('the theft', async () => (await ci.view(thief))?.status === 'running')
  await startVictim()
  const stolen = await ci.ended(thief)
  const log = await ci.log(stolen)
  expect(log).toContain('answered 202\n')
  const [, message = ''] = /^stolen (.*)$/m.exec(log) ?? []
  expect(JSON.parse(message)).toMatchObject({
    project: nextBuild.project,
    trust: 'fork',
    cloneToken: null,
    secretVariables: [],
    deployRole: null,
  })
  // No key can be read: the next build has not written its own record yet, and a missing object is a 403.
  for (const key of keys) expect(log).toContain(`tried ${key} 403\n`)
  // The build whose message was stolen is published again and ends normally.
  const view = await ci.ended(nextBuild)
  expect(view.status, JSON.stringify(view)).toBe('passed')
})

/** This is the price of "trust": "branch", which the documents and the plan name. `branches` do not lower it. */
test('with "trust": "branch", any branch of another repository reaches the role of a job', async () => {
  const [victim, thief] = ['gh/ada/web', 'gh/eve/anything'].map(project => ({ project, number: 1 })) as [
    { project: string; number: number },
    { project: string; number: number },
  ]
  await putJson(ci.system.store, settingsKeys(victim.project)[1], {
    deployBranches: ['production'],
    jobRoles: { integration: { role: roleArn('integration'), branches: ['main'], trust: 'branch' } },
  })
  const gate = ci.gate()
  const jobs = {
    unit: `echo begun; ${gate.wait}`,
    integration: { cmd: 'echo tested', needs: 'unit' },
  }
  const web = await ci.write({ '.lambci.json': JSON.stringify({ jobs }) })
  await ci.push(web, 'ada/web', 'main')
  await ci.logged(victim, 'begun\n')
  // Waits for the only sandbox, and so comes before the job that report starts once the first one has ended.
  const env = { MODULES: join(process.cwd(), 'node_modules'), DEPLOY_ROLE: roleArn('deployer') }
  const [next, runner] = await Promise.all([readAttack('take-next-role.mjs'), readAttack('find-runner.mjs')])
  const files = { ...configOf('node take-next-role.mjs', { env }), 'take-next-role.mjs': next }
  const anything = await ci.write({ ...files, 'find-runner.mjs': runner })
  await ci.push(anything, 'eve/anything', 'some-branch')
  await ci.until('the build of the thief', async () => (await ci.view(thief))?.status === 'queued')
  await gate.open()
  const log = await ci.log(await ci.ended(thief))
  expect(log).toContain(`stolen ada/web integration ${roleArn('integration')}\n`)
  expect(log).toContain('I am arn:aws:sts::000000000000:assumed-role/integration/thief\n')
  // No job of trust "branch" reaches a role of deploys.
  expect(log).toContain('the deploy role: 403\n')
})
