import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listDeployments, readCurrent } from '../../src/records/deployments.ts'
import { type BuildRef, settingsKeys } from '../../src/records/keys.ts'
import { readRecords } from '../../src/records/read-records.ts'
import { putJson } from '../support/bucket.ts'
import { endedRun } from '../support/records.ts'
import { roleArn, roleOf } from '../support/roles.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { readAttack } from './attack.ts'

const REPOSITORY = 'eve/web'
const PRODUCTION = { project: `gh/${REPOSITORY}`, stage: 'production' }
const number = (build: number): BuildRef => ({ project: PRODUCTION.project, number: build })

let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem({ deployRole: roleOf('site-deploy') })
})
afterAll(() => ci.close())

test('a test of `qa` that waits for the message of a build of `main` gets none, and a red commit stays red', async () => {
  await putJson(ci.system.store, settingsKeys(PRODUCTION.project)[1], {
    deployBranches: ['main', 'qa'],
    pinnedStages: { production: { branches: ['main'], role: roleArn('site-deploy') } },
  })
  const calls = join(ci.directory, 'calls')
  const config = (cmd: string, env: object = {}) =>
    lambciJson(cmd, {
      stages: { main: 'production' },
      deploy: 'echo "$LAMBCI_COMMIT" >> "$CALLS"',
      env: { CALLS: calls, ...env },
    })
  const at = await ci.write(config('./test.sh'))
  const green = await ci.push(at, REPOSITORY, 'main', { 'test.sh': '#!/bin/bash\necho tested\n' })
  expect(await ci.ended(number(1))).toMatchObject({ deploy: { status: 'succeeded' } })
  // All that the lead of `main` says of itself follows from files that everybody may read.
  const records = await readRecords(ci.system.store, number(1))
  const { plan, draft } = records?.run ?? {}
  expect(draft?.deploys).toMatchObject([{ stage: 'production' }])
  const FORGED = JSON.stringify(endedRun({ ...(plan && { plan }), ...(draft && { draft }) }))

  const env = { FORGED, MODULES: join(process.cwd(), 'node_modules') }
  const attacks = ['answer-for-another.mjs', 'find-runner.mjs']
  const files = await Promise.all(attacks.map(async name => [name, await readAttack(name)] as const))
  await ci.push(at, REPOSITORY, 'qa', {
    ...config('node answer-for-another.mjs', env),
    ...Object.fromEntries(files),
  })
  await ci.logged(number(2), 'waiting for the message of another build\n')
  await ci.push(at, REPOSITORY, 'main', { ...config('./test.sh'), 'test.sh': '#!/bin/bash\nexit 1\n' })
  const red = await ci.ended(number(3))
  await ci.settled()
  expect(await ci.read(calls)).toBe(`${green}\n`)
  expect(red).toMatchObject({ status: 'failed', exit: { kind: 'exited', code: 1 }, deploy: null })
  expect((await ci.statuses(REPOSITORY, red.commit)).at(-1)).toMatch(/^failure /)
  expect(await readCurrent(ci.system.store, PRODUCTION)).toMatchObject({
    deployed: { build: 1, commit: green },
    latest: { build: 1, status: 'succeeded' },
  })
  expect(await listDeployments(ci.system.store, PRODUCTION, 10)).toMatchObject([{ build: 1 }])
})
