import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildKeys, jobKeys, runnerSecretsKey } from '../../src/records/keys.ts'
import { openTestSystem, type TestSystem } from '../support/test-system.ts'
import { lambciJson, prepareAttack, readAttack } from './attack.ts'

let ci: TestSystem
beforeAll(async () => {
  // The invocation with the stolen message lasts until the function's timeout.
  ci = await openTestSystem({ concurrency: 1, buildTimeoutMs: 8000 })
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
