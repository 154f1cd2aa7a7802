import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listStages } from '../../../src/deploy/list-stages.ts'
import { readLockHolder } from '../../../src/deploy/lock.ts'
import { readQueue } from '../../../src/deploy/queue.ts'
import { listDeployments, readCurrent } from '../../../src/records/deployments.ts'
import type { BuildRef as Ref } from '../../../src/records/keys.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { lambci } from '../../support/lambci.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const PUSHES = 20
/** How many pushes a build lasts, and a deploy. */
const LASTS = 3
const BUILT = `count() { mapfile -t lines < "$CALLS.begun"; begun=\${#lines[@]}; }
await() { count; while [ $begun -lt $(($1 < ${PUSHES} ? $1 : ${PUSHES})) ]; do sleep 0.2; count; done; }`
/** A test that goes on until three more have begun. Every fourth one fails. */
const TEST = `${BUILT}
echo "$LAMBCI_BUILD_NUM" >> "$CALLS.begun"
await $((LAMBCI_BUILD_NUM + ${LASTS}))
[ $((LAMBCI_BUILD_NUM % 4)) != 0 ]`
/** A deploy command that goes on as long, and records its begin and end, so that overlapping deploys are noticed. */
const DEPLOY = `${BUILT}
count
echo "begin $LAMBCI_BUILD_NUM $LAMBCI_COMMIT $begun" >> "$CALLS"
await $((begun + ${LASTS}))
echo "end $LAMBCI_BUILD_NUM" >> "$CALLS"`
const deployments = (repository: string) =>
  ci.api('GET', `/repos/${repository}/deployments?per_page=100`) as Promise<
    { id: number; environment: string; sha: string }[]
  >
const statesOf = async (repository: string, id: number) =>
  ((await ci.api('GET', `/repos/${repository}/deployments/${id}/statuses`)) as { state: string }[]).map(
    ({ state }) => state,
  )

test('of 20 pushes, one every third of the time that a build takes, the stage keeps getting the newest green one', async () => {
  const calls = `${ci.directory}/calls`
  const project = 'gh/ada/burst'
  const stage = { project, stage: 'dev' }
  const { store } = ci.system
  const linesIn = async (path: string) =>
    (await ci.read(path).catch(() => '')).split('\n').filter(line => line !== '')
  const isOver = (begun: number, push: number) => push >= Math.min(begun + LASTS, PUSHES)
  /**
   * Whether a push has had all its effects: each build whose test it ended has ended or has got to its stage, and the stage
   * is deployed by a command that goes on, or by none. So the machine's speed decides nothing about the order of events.
   */
  const isSettled = async (push: number) => {
    const [kind, , , begun] = (await linesIn(calls)).at(-1)?.split(' ') ?? []
    const holder = await readLockHolder(store, stage, new Date())
    const { waiting } = await readQueue(store, stage)
    const there = [holder, ...waiting].flatMap(each => each?.build ?? [])
    if (kind === 'begin' ? isOver(Number(begun), push) : there.length > 0) return false
    for (let number = 1; number < push; number++) {
      if (!isOver(number, push) || there.includes(number)) continue
      if (!(await readReport(store, { project, number }))?.isClosed) return false
    }
    return true
  }
  const at = await ci.write(
    lambciJson(TEST, { stages: { master: 'dev' }, deploy: DEPLOY, env: { CALLS: calls } }),
  )
  const commits: string[] = []
  for (let push = 1; push <= PUSHES; push++) {
    commits.push(await ci.push(at, 'ada/burst', 'master', {}, `Push ${push}`))
    await ci.until(`the tests of push ${push}`, async () => (await linesIn(`${calls}.begun`)).length >= push)
    await ci.until(`all that follows from push ${push}`, () => isSettled(push))
  }
  const views = await Promise.all(commits.map((_, index) => ci.ended({ project, number: index + 1 })))
  // Every build has ended and is reported, and there are no others: one that waited has deployed itself.
  expect(await ci.view({ project, number: PUSHES + 1 })).toBeNull()
  for (const { number, trigger, status, deploy, commit } of views) {
    const isRed = number % 4 === 0
    expect([number, trigger, status]).toEqual([number, 'push/master', isRed ? 'failed' : 'passed'])
    if (isRed) expect(deploy).toBeNull()
    else expect(['succeeded', 'cancelled']).toContain(deploy?.status)
    expect((await ci.statuses('ada/burst', commit)).at(-1)).toMatch(
      isRed
        ? /^failure /
        : deploy?.status === 'succeeded'
          ? /^success .*, deployed to dev/
          : /^success .*not deployed to dev: superseded by #\d+/,
    )
  }
  // The newest green one is there in the end.
  const newest = PUSHES - 1
  const current = await readCurrent(store, stage)
  expect(current?.deployed).toMatchObject({ build: newest, commit: commits[newest - 1], status: 'succeeded' })

  const lines = await linesIn(calls)
  const begun = lines.filter((_, at) => at % 2 === 0).map(line => line.split(' '))
  expect(lines.filter((_, at) => at % 2 === 1)).toEqual(begun.map(([, number]) => `end ${number}`))
  // It moves on at least every two builds' time, and never back.
  const moments = [0, ...begun.map(each => Number(each[3])), PUSHES]
  const gaps = moments.slice(1).map((moment, at) => moment - (moments[at] ?? 0))
  expect(Math.max(...gaps), moments.join()).toBeLessThanOrEqual(2 * LASTS)
  const sequence = begun.map(([, , commit = '']) => commits.indexOf(commit))
  expect(sequence).toEqual(sequence.toSorted((one, other) => one - other))
  // The ledger, the builds, the page and GitHub agree.
  const recorded = await listDeployments(store, stage, 100)
  expect(recorded.toReversed().map(({ commit }) => commits.indexOf(commit))).toEqual(sequence)
  const deployed = views
    .filter(({ deploy }) => deploy?.status === 'succeeded')
    .map(({ number }) => number - 1)
  expect(deployed).toEqual(sequence)
  const onGitHub = await deployments('ada/burst')
  expect(onGitHub.map(({ sha }) => commits.indexOf(sha)).toSorted((one, other) => one - other)).toEqual(
    sequence,
  )
  const page = await (
    await fetch(`${ci.system.addresses.url}/gh/ada/burst`, { headers: { accept: 'text/html' } })
  ).text()
  expect(page).toMatch(new RegExp(`dev(<[^>]*>|\\s)*${commits[newest - 1]?.slice(0, 10)}`))
  expect(await readLockHolder(store, stage, new Date())).toBeNull()
}, 120_000)

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
