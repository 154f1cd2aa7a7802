import fc from 'fast-check'
import { beforeEach, expect, test, vi } from 'vitest'
import { type Artifact, artifactKey, artifactListKey } from '../../../src/model/artifact.ts'
import type { Build } from '../../../src/model/build.ts'
import { titleOf } from '../../../src/model/job.ts'
import {
  type AttemptRef,
  buildKeys,
  jobKeys,
  keptPrefix,
  outPrefix,
  stageKeys,
} from '../../../src/records/keys.ts'
import { type Draft, readPlan } from '../../../src/records/plan-record.ts'
import { jobsBefore } from '../../../src/reporting/complete-deploy.ts'
import { draftedJob, drafts, draftWith, PLANNED_DEPLOY, planOf, stateWith } from '../../support/plans.ts'
import { AT, endedRun, reportOf } from '../../support/records.ts'
import { commitOf, ReportWorld, STAGE } from '../../support/report-world.ts'

const PROJECT = 'gh/ada/web'
const BY_HAND = { project: PROJECT, number: 7 }

/** `site` and `dist` are deployed; `dist` needs `lib` and `lint`, and `site` needs `lib`. */
const MAKERS = [
  draftedJob('lint'),
  draftedJob('lib', { artifacts: ['lib'] }),
  draftedJob('dist', { artifacts: ['dist', 'maps'], needs: ['lint', 'lib'], withoutArtifacts: ['lint'] }),
  draftedJob('site', { artifacts: ['site'], needs: ['lib'] }),
]
const DEPLOY = { ...PLANNED_DEPLOY, artifacts: ['dist', 'site'] }
const DRAFT = draftWith(MAKERS, { deploys: [DEPLOY] })
const NAMES = ['lint', 'lib', 'dist', 'site']

type Found = Parameters<typeof jobsBefore>[1]
type Earlier = Found extends ReadonlyMap<string, infer T> ? T : never

/** What is there of these jobs: for deploys (d), for jobs (j), kept under the stage (k), and of which build. */
const earlierOf = (found: Record<string, string>): Found =>
  new Map(
    Object.entries(found).map(([name, text]): [string, Earlier] => [
      name,
      {
        passedIn: {
          build: Number(/\d+/.exec(text)?.[0] ?? 6),
          key: 1,
          attempt: 1,
          startedAt: AT,
          endedAt: AT,
        },
        isForDeploy: /[dk]/.test(text),
        isForJobs: text.includes('j'),
        isKept: text.includes('k'),
      },
    ]),
  )
const decided = (found: Record<string, string>, most = 3) =>
  jobsBefore(planOf(DRAFT), earlierOf(found), most).map(
    job => `${titleOf(job)}${job.passedIn ? ` of ${job.passedIn.build}` : ''}`,
  )
const ALL = { lint: 'j', lib: 'j', dist: 'dj', site: 'dj' }

test.each<[string, Record<string, string>, string[]]>([
  ['everything is there', ALL, []],
  ['the deployed ones are kept, and the others are gone', { lint: '', lib: '', dist: 'k', site: 'k' }, []],
  ['a job that nothing needs is gone', { lint: 'j', lib: '', dist: 'dj', site: 'dj' }, []],
  ['one is gone', { ...ALL, dist: '' }, ['lint of 6', 'lib of 6', 'dist', 'site of 6']],
  [
    'one is gone, and has passed in another build than the others',
    { ...ALL, dist: '', lib: 'j4' },
    ['lint of 6', 'lib of 4', 'dist', 'site of 6'],
  ],
  [
    'one is gone, and what it needs as well: the other is not left with older parts',
    { ...ALL, dist: '', lib: '' },
    ['lint of 6', 'lib', 'dist', 'site'],
  ],
  [
    'one is gone, and what it only follows has left nothing',
    { ...ALL, dist: '', lint: '' },
    ['lint of 6', 'lib of 6', 'dist', 'site of 6'],
  ],
  ['one has not passed', { lint: 'j', lib: 'j', dist: 'dj' }, ['lib of 6', 'dist of 6', 'site']],
  ['nothing has passed', {}, NAMES],
])('a deploy by hand, if %s', (_, found, expected) => {
  expect(decided(found)).toEqual(expected)
})

test('a deploy by hand refers to no more other builds than its rights have room for: otherwise, all runs', () => {
  const found = { ...ALL, dist: '', lint: 'j3', lib: 'j4', site: 'dj5' }
  expect(decided(found, 3)).toEqual(['lint of 3', 'lib of 4', 'dist', 'site of 5'])
  expect(decided(found, 2)).toEqual(NAMES)
  // The keys of what is kept are longer.
  expect(decided({ ...found, site: 'kj5' }, 3)).toEqual(NAMES)
  expect(decided({ ...ALL, dist: '' }, 0)).toEqual(NAMES)
})

test('for any plan and whatever is left of it, all that runs finds what it needs, of one run', () => {
  const cases = drafts.chain(draft => {
    const plan = planOf({ ...draft, deploys: [{ ...DEPLOY, artifacts: NAMES }] })
    const titles = plan.jobs.filter(({ isDeploy }) => !isDeploy).map(titleOf)
    return fc.record({
      plan: fc.constant({
        ...plan,
        jobs: plan.jobs.map((job, at) =>
          at % 2 === 0 && !job.isDeploy ? { ...job, artifacts: ['dist'] } : job,
        ),
      }),
      found: fc
        .tuple(...titles.map(() => fc.constantFrom('', 'j', 'd', 'dj', 'k', 'none')))
        .map(texts =>
          earlierOf(
            Object.fromEntries(
              titles.flatMap((title, at) => (texts[at] === 'none' ? [] : [[title, texts[at] ?? '']])),
            ),
          ),
        ),
    })
  })
  fc.assert(
    fc.property(cases, ({ plan, found }) => {
      const jobs = jobsBefore(plan, found, 3)
      const running = jobs.filter(({ passedIn }) => !passedIn)
      const deployed = plan.jobs.filter(({ artifacts }) => artifacts?.includes('dist'))
      if (jobs.length === 0) {
        expect(deployed.every(job => found.get(titleOf(job))?.isForDeploy)).toBe(true)
        return
      }
      expect(running.length).toBeGreaterThan(0)
      const namesOf = (list: typeof jobs) => new Set(list.map(({ name }) => name))
      expect([...namesOf(jobs)]).toEqual(expect.arrayContaining([...namesOf(deployed)]))
      for (const job of jobs) {
        const known = found.get(titleOf(job))
        const needs = job.needs.map(need => need.job)
        // Parts that were never together are not deployed.
        if (job.passedIn) expect(running.some(({ name }) => needs.includes(name))).toBe(false)
        else expect(needs.filter(name => !namesOf(jobs).has(name))).toEqual([])
        if (job.passedIn && job.artifacts) expect(known?.isForDeploy).toBe(true)
        const takers = running.filter(each =>
          each.needs.some(need => need.job === job.name && need.hasArtifacts),
        )
        if (job.passedIn && takers.length > 0) expect(known?.isForJobs).toBe(true)
      }
    }),
  )
})

const artifactOf = (name: string): Artifact => ({
  ...{ name, bytes: 1, sha256: 'a'.repeat(64), unpackedBytes: 1, files: 1, paths: [name] },
})

// Report logs every fault.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

/** Build #6 has passed; its `lib` was taken over from #4. #7 is to deploy it by hand. */
async function worldWith(old: Partial<Build> = {}) {
  const world = new ReportWorld('a')
  await world.build(6, 'a', endedRun(), old)
  const passedIn = { build: 4, key: 2, attempt: 1, startedAt: AT, endedAt: AT }
  const plan = planOf(draftWith(MAKERS, { deploys: [DEPLOY], leadRunsFirst: true }))
  const jobs = plan.jobs.map(job => (job.name === 'lib' ? { ...job, passedIn } : job))
  await world.put(buildKeys({ project: PROJECT, number: 6 }).plan, { ...plan, jobs })
  const passed = { publications: 1, conclusion: 'passed', startedAt: AT, endedAt: AT } as const
  const end = { conclusion: 'passed', reason: null, deploy: null, endedAt: AT } as const
  const states = jobs.map(({ key }) => stateWith(key, passed))
  await world.put(
    buildKeys({ project: PROJECT, number: 6 }).report,
    reportOf({ end, jobs: states, isClosed: true }),
  )
  const leave = async (ref: AttemptRef, ...names: string[]) => {
    const build = { project: PROJECT, number: ref.build }
    const artifacts = names.map(artifactOf)
    await world.put(jobKeys(build, ref).record('end'), endedRun({ artifacts }))
    const prefix = outPrefix(build, ref)
    await world.put(artifactListKey(prefix), artifacts)
    for (const artifact of artifacts) await world.put(artifactKey(prefix, artifact), 'x')
  }
  await leave({ build: 4, key: 2, attempt: 1 }, 'lib')
  await leave({ build: 6, key: 2, attempt: 1 }, 'dist', 'maps')
  await leave({ build: 6, key: 3, attempt: 1 }, 'site')
  await byHand(world, DRAFT)
  return world
}
const byHand = (world: ReportWorld, draft: Draft) =>
  world.build(7, 'a', endedRun({ draft }), {
    ...{ event: 'deploy', trigger: 'deploy/production', target: { stage: 'production', of: 6, by: 'ada' } },
  })
const started = ({ jobs }: ReportWorld) =>
  jobs.map(({ job: { identity, needs } }) => [
    identity && titleOf(identity),
    needs.map(({ build, title, isKept }) => `${title} of ${build}${isKept ? ', kept' : ''}`),
  ])
const remove = async (world: ReportWorld, prefix: string) => {
  for (const { key } of await world.store.list(prefix)) await world.store.remove(key)
}

test('if all that it names is there, a deploy by hand runs nothing else, and gets it from the builds that have made it', async () => {
  const world = await worldWith()
  await world.report(7)
  expect(started(world)).toEqual([['deploy', ['lint of 6', 'lib of 4', 'dist of 6', 'site of 6']]])
  expect((await readPlan(world.store, BY_HAND))?.jobs).toMatchObject([{ key: 1, isDeploy: true, needs: [] }])
})

test('what is gone from a build and kept under the stage is taken from there', async () => {
  const world = await worldWith()
  for (const key of [2, 3]) {
    const ref = { build: 6, key, attempt: 1 }
    const [out, kept] = [outPrefix({ project: PROJECT, number: 6 }, ref), keptPrefix(STAGE, ref)]
    for (const each of await world.store.list(out))
      await world.store.copy(each.key, kept + each.key.slice(out.length))
  }
  await remove(world, `out/${PROJECT}/`)
  await world.report(7)
  expect(started(world)).toEqual([
    ['deploy', ['lint of 6', 'lib of 4', 'dist of 6, kept', 'site of 6, kept']],
  ])
})

test('report decides which jobs run before a deploy by hand, whatever its lead says of them', async () => {
  const world = await worldWith()
  await remove(world, outPrefix({ project: PROJECT, number: 6 }, { key: 3, attempt: 1 }))
  const passedIn = { build: 6, key: 3, attempt: 1, startedAt: AT, endedAt: AT }
  await byHand(world, { ...DRAFT, leadRunsFirst: true, jobs: MAKERS.map(job => ({ ...job, passedIn })) })
  await world.report(7)
  expect(started(world)).toEqual([['site', ['lib of 4']]])
  const plan = await readPlan(world.store, BY_HAND)
  expect(plan?.jobs.map(job => [job.key, job.name, job.passedIn?.build])).toEqual([
    ...[
      [1, 'lib', 4],
      [2, 'dist', 6],
      [3, 'site', undefined],
      [4, 'deploy', undefined],
    ],
  ])
})

test.each<[string, Partial<Build>]>([
  ['of another commit', { commit: commitOf('b') }],
  ['of another trust', { trust: 'branch' }],
])('nothing of a build %s is taken over', async (_, old) => {
  const world = await worldWith(old)
  await world.report(7)
  expect(started(world).map(([title]) => title)).toEqual(['lint', 'lib'])
})

test.each<[string, string, string | null, unknown[]]>([
  ['may have', commitOf('a'), null, [['deploy', ['dist of 8, kept']]]],
  ['of which not all is kept has not', commitOf('a'), 'too large', [['lib', []]]],
  ['has not, if that was another commit', commitOf('b'), null, [['lib', []]]],
])(
  'if the build that has tested a commit has nothing left, its last deploy to the stage %s',
  async (_, commit, notKept, expected) => {
    const world = await worldWith()
    await remove(world, `out/${PROJECT}/`)
    const job = { build: 8, key: 1, attempt: 1 }
    const artifacts = ['dist', 'site'].map(artifactOf)
    await world.put(jobKeys({ project: PROJECT, number: 8 }, job).record('end'), endedRun({ artifacts }))
    const kept = keptPrefix(STAGE, job)
    await world.put(artifactListKey(kept), artifacts)
    for (const artifact of artifacts) await world.put(artifactKey(kept, artifact), 'x')
    const deploy = { build: 9, commit, jobs: [{ ...job, title: 'dist' }], notKept }
    await world.put(stageKeys(STAGE).kept, { deploys: [deploy] })
    await world.report(7)
    expect(started(world)).toEqual(expected)
  },
)
