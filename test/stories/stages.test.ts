import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRecords } from '../../src/build/records.ts'
import { viewOf } from '../../src/build/view.ts'
import { listDeploys, listStages, readCurrent } from '../../src/deploy/ledger.ts'
import { readHolder } from '../../src/deploy/lock.ts'
import { lambciJson, openTown, type Town } from './town.ts'

let town: Town
beforeAll(async () => {
  town = await openTown({ concurrency: 6 })
})
afterAll(() => town.close())

/** Writes down when it begins and ends, so that two at once would be seen. */
const DEPLOY = (seconds: number) =>
  `echo "begin $LAMBCI_BUILD_NUM $LAMBCI_COMMIT" >> "$LEDGER"; sleep ${seconds}; echo "end $LAMBCI_BUILD_NUM" >> "$LEDGER"`
const deployments = (repository: string) =>
  town.api('GET', `/repos/${repository}/deployments?per_page=100`) as Promise<
    { id: number; environment: string; sha: string }[]
  >
const statesOf = async (repository: string, id: number) =>
  ((await town.api('GET', `/repos/${repository}/deployments/${id}/statuses`)) as { state: string }[]).map(
    ({ state }) => state,
  )

test('20 pushes to one stage in quick succession: one deploy at a time, and in the end the newest', async () => {
  const ledger = `${town.directory}/ledger`
  const at = await town.write(
    lambciJson('true', { stages: { master: 'dev' }, deploy: DEPLOY(1), env: { LEDGER: ledger } }),
  )
  const commits: string[] = []
  for (let push = 1; push <= 20; push++) {
    commits.push(await town.push(at, 'ada/burst', 'master', { 'push.txt': String(push) }, `Push ${push}`))
  }
  const project = 'gh/ada/burst'
  const stage = { project, stage: 'dev' }
  const current = await town.until('the newest on its stage', async () => {
    const found = await readCurrent(town.system.store, stage)
    return found?.deployed?.commit === commits.at(-1) ? found : null
  })
  expect(current.deployed).toMatchObject({ branch: 'master', status: 'succeeded' })
  // Every build has ended, and everybody was told; those of the waiting too.
  const { length } = await allBuilds(project)
  const views = await Promise.all(
    Array.from({ length }, (_, index) => town.ended({ project, number: index + 1 })),
  )
  expect(views.length).toBeGreaterThanOrEqual(20)
  expect(views.filter(({ status }) => status !== 'passed' && status !== 'cancelled')).toEqual([])
  // Deploys that waited are builds of their own; every push tells how its deploy came out.
  const pushes = views.filter(({ trigger }) => trigger === 'push/master')
  expect(pushes).toHaveLength(20)
  expect(pushes.filter(({ status }) => status !== 'passed')).toEqual([])
  expect(pushes.filter(({ deploy }) => !['succeeded', 'cancelled'].includes(deploy?.status ?? ''))).toEqual(
    [],
  )
  expect(pushes.at(-1)?.deploy?.status).toBe('succeeded')
  expect(current.deployed?.of).toBe(pushes.at(-1)?.number)

  const lines = (await town.read(ledger)).trim().split('\n')
  for (let index = 0; index < lines.length; index += 2) {
    expect(lines[index]).toMatch(/^begin /)
    expect(lines[index + 1]).toMatch(new RegExp(`^end ${lines[index]?.split(' ')[1]}$`))
  }
  // Never an older commit over a newer one.
  const order = lines
    .filter(line => line.startsWith('begin'))
    .map(line => commits.indexOf(line.split(' ')[2] ?? ''))
  expect(order).toEqual(order.toSorted((one, other) => one - other))
  const told = await listDeploys(town.system.store, stage, 100)
  expect(told.toReversed().map(({ commit }) => commits.indexOf(commit))).toEqual(order)
  expect(await readHolder(town.system.store, stage, new Date())).toBeNull()
  // GitHub has one deployment for each deploy, and one that is active.
  const onGitHub = await deployments('ada/burst')
  expect(onGitHub).toHaveLength(order.length)
  expect(onGitHub.find(({ sha }) => sha === commits.at(-1))?.environment).toBe('dev')
})

async function allBuilds(project: string) {
  const found = []
  for (let number = 1; ; number++) {
    const records = await readRecords(town.system.store, { project, number })
    if (!records) return found
    found.push(viewOf(records))
  }
}

test('a deploy that fails: the tests stay green, the stage is free, GitHub and people are told', async () => {
  const at = await town.write(
    lambciJson('true', {
      stages: { qa: { stage: 'qa', deploy: 'sleep 1; exit 3', url: 'https://qa.example.com/' } },
    }),
  )
  const commit = await town.push(at, 'ada/red', 'qa')
  const build = { project: 'gh/ada/red', number: 1 }
  const view = await town.ended(build)
  expect(view).toMatchObject({
    status: 'passed',
    deploy: {
      stage: 'qa',
      status: 'failed',
      reason: 'sleep 1; exit 3 ended with exit code 3',
      url: 'https://qa.example.com/',
    },
  })
  expect((await town.statuses('ada/red', commit)).at(-1)).toMatch(/^success .*but the deploy to qa failed/)
  const [deployment] = await deployments('ada/red')
  expect(deployment).toMatchObject({ environment: 'qa', sha: commit })
  expect(await statesOf('ada/red', deployment?.id ?? 0)).toEqual(['failure', 'in_progress'])
  expect(await readHolder(town.system.store, { project: build.project, stage: 'qa' }, new Date())).toBeNull()
  expect(await readCurrent(town.system.store, { project: build.project, stage: 'qa' })).toMatchObject({
    deployed: null,
    latest: { status: 'failed', reason: 'sleep 1; exit 3 ended with exit code 3' },
  })
  // Mended and pushed again, it is deployed.
  await town.push(at, 'ada/red', 'qa', lambciJson('true', { stages: { qa: 'qa' }, deploy: 'true' }))
  expect((await town.ended({ ...build, number: 2 })).deploy).toMatchObject({ status: 'succeeded' })
  expect(await listStages(town.system.store, build.project)).toMatchObject([
    { stage: 'qa', deployed: { build: 2 }, latest: { build: 2 } },
  ])
})

test('names by groups, and one that does not fit', async () => {
  const rules = { '/^release\\/(\\w+)$/': { stage: 'rel-$1', url: 'https://$1.example.com/' } }
  const at = await town.write(
    lambciJson('true', { stages: rules, deploy: 'echo "to $STAGE"', branches: { '/.*/': true } }),
  )
  await town.system.store.put(
    'config/gh/ada/names.json',
    JSON.stringify({ deployBranches: ['/./'] }),
    'application/json',
  )
  await town.push(at, 'ada/names', 'release/7')
  expect((await town.ended({ project: 'gh/ada/names', number: 1 })).deploy).toMatchObject({
    stage: 'rel-7',
    status: 'succeeded',
    url: 'https://7.example.com/',
  })
  await town.push(at, 'ada/names', 'release/Final')
  const second = await town.ended({ project: 'gh/ada/names', number: 2 })
  expect(second).toMatchObject({ status: 'passed', deploy: { status: 'failed' } })
  expect(second.deploy?.reason).toContain(
    'makes "rel-Final" of branch "release/Final", which is no stage name',
  )
})
