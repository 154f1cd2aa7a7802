import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listStages } from '../../../src/deploy/list-stages.ts'
import { readLockHolder } from '../../../src/deploy/lock.ts'
import { readCurrent } from '../../../src/records/deployments.ts'
import type { BuildRef as Ref } from '../../../src/records/keys.ts'
import { playBurst } from '../../support/burst.ts'
import { lambci } from '../../support/lambci.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const deployments = (repository: string) =>
  ci.api('GET', `/repos/${repository}/deployments?per_page=100`) as Promise<
    { id: number; environment: string; sha: string }[]
  >
const statesOf = async (repository: string, id: number) =>
  ((await ci.api('GET', `/repos/${repository}/deployments/${id}/statuses`)) as { state: string }[]).map(
    ({ state }) => state,
  )

test('of pushes, one every half of the time that a build takes, the stage keeps getting the newest green one', () =>
  playBurst(ci, 6, 2))

test('a failed deploy fails its build, is reported and releases its stage', async () => {
  const gate = ci.gate()
  const at = await ci.write({
    ...lambciJson('true', {
      stages: { qa: { stage: 'qa', deploy: './deploy.sh', url: 'https://qa.example.com/' } },
    }),
    'deploy.sh': `#!/bin/bash\n${gate.wait}; exit 3\n`,
  })
  const commit = await ci.push(at, 'ada/red', 'qa')
  const build = { project: 'gh/ada/red', number: 1 }
  await ci.until('the deployment', async () => {
    const [begun] = await deployments('ada/red')
    return begun && (await statesOf('ada/red', begun.id)).length > 0
  })
  await gate.open()
  const view = await ci.ended(build)
  expect(view).toMatchObject({
    status: 'failed',
    deploy: {
      stage: 'qa',
      status: 'failed',
      reason: './deploy.sh ended with exit code 3',
      url: 'https://qa.example.com/',
    },
  })
  expect((await ci.statuses('ada/red', commit)).at(-1)).toMatch(
    /^failure .*: Tests passed, deploy to qa failed: \.\/deploy\.sh ended with exit code 3/,
  )
  const [deployment] = await deployments('ada/red')
  expect(deployment).toMatchObject({ environment: 'qa', sha: commit })
  expect(await statesOf('ada/red', deployment?.id ?? 0)).toEqual(['failure', 'in_progress'])
  expect(
    await readLockHolder(ci.system.store, { project: build.project, stage: 'qa' }, new Date()),
  ).toBeNull()
  expect(await readCurrent(ci.system.store, { project: build.project, stage: 'qa' })).toMatchObject({
    deployed: null,
    latest: { status: 'failed', reason: './deploy.sh ended with exit code 3' },
  })
  // A fixed commit is deployed.
  await ci.push(at, 'ada/red', 'qa', lambciJson('true', { stages: { qa: 'qa' }, deploy: 'true' }))
  expect((await ci.ended({ ...build, number: 2 })).deploy).toMatchObject({ status: 'succeeded' })
  expect(await listStages(ci.system.store, build.project)).toMatchObject([
    { stage: 'qa', deployed: { build: 2 }, latest: { build: 2 } },
  ])
})

test('a build that waits for its stage can be cancelled, or deploys once it is free', async () => {
  const gate = ci.gate()
  const at = await ci.write(lambciJson('true', { stages: { master: 'dev' }, deploy: gate.wait }))
  const [first, second, third] = [1, 2, 3].map(number => ({ project: 'gh/ada/waits', number })) as [
    ...[Ref, Ref, Ref],
  ]
  const deployOf = async (build: Ref) => (await ci.view(build))?.deploy
  const waits = { status: 'waiting', reason: expect.stringMatching(/^Stage dev is being deployed by #1/) }
  await ci.push(at, 'ada/waits', 'master')
  await ci.until('the deploy', async () => (await deployOf(first))?.status === 'running')
  const commit = await ci.push(at, 'ada/waits', 'master', {}, 'Another')
  await ci.until('the second in the queue', async () => (await deployOf(second))?.status === 'waiting')
  expect(await ci.view(second)).toMatchObject({ status: 'deploying', endedAt: null, deploy: waits })
  const statuses = await ci.until('its status', async () => {
    const found = await ci.statuses('ada/waits', commit)
    return found.at(-1)?.includes('dev') && found
  })
  expect(statuses.filter(status => !status.startsWith('pending'))).toEqual([])
  const cancel = ['cancel', 'ada/waits#2', '--data', join(ci.directory, 'data')]
  expect(await lambci(cancel)).toMatchObject({ exitCode: 0 })
  expect(await ci.ended(second)).toMatchObject({
    status: 'passed',
    deploy: { status: 'cancelled', reason: expect.stringMatching(/^Cancelled by \S+$/) },
  })
  expect((await ci.statuses('ada/waits', commit)).at(-1)).toMatch(
    /^success .*not deployed to dev: cancelled by/,
  )
  const newest = await ci.push(at, 'ada/waits', 'master', {}, 'A third')
  await ci.until('the third in the queue', async () => (await deployOf(third))?.status === 'waiting')
  expect(await deployments('ada/waits')).toHaveLength(1)
  await gate.open()
  await ci.ended(first)
  // It is the build that was pushed, and no other one.
  const last = await ci.ended(third)
  expect(last).toMatchObject({
    status: 'passed',
    commit: newest,
    deploy: { status: 'succeeded', reason: null },
  })
  expect(last.jobs.map(({ title, status }) => `${title}: ${status}`)).toEqual([
    ...['build: passed', 'deploy: passed'],
  ])
  expect((await deployments('ada/waits')).map(({ sha }) => sha)).not.toContain(commit)
  await ci.settled()
  expect(await ci.view({ ...third, number: 4 })).toBeNull()
})

test('a stage name may contain groups of its branch rule, and must be valid', async () => {
  const rules = { '/^release\\/(\\w+)$/': { stage: 'rel-$1', url: 'https://$1.example.com/' } }
  const at = await ci.write(
    lambciJson('true', { stages: rules, deploy: 'echo "to $STAGE"', branches: { '/.*/': true } }),
  )
  await ci.system.store.put(
    'config/gh/ada/names.json',
    JSON.stringify({ deployBranches: ['/./'] }),
    'application/json',
  )
  await ci.push(at, 'ada/names', 'release/7')
  expect((await ci.ended({ project: 'gh/ada/names', number: 1 })).deploy).toMatchObject({
    stage: 'rel-7',
    status: 'succeeded',
    url: 'https://7.example.com/',
  })
  await ci.push(at, 'ada/names', 'release/Final')
  const second = await ci.ended({ project: 'gh/ada/names', number: 2 })
  expect(second).toMatchObject({ status: 'failed', deploy: { status: 'failed' } })
  expect(second.deploy?.reason).toContain(
    'maps branch "release/Final" to "rel-Final", which is not a valid stage name',
  )
})
