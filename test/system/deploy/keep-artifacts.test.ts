import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { areStored } from '../../../src/admission/stored-artifacts.ts'
import { keepArtifacts } from '../../../src/deploy/keep-artifacts.ts'
import { type KeptJob, readKeptDeploys } from '../../../src/deploy/kept-artifacts.ts'
import { leaveStage } from '../../../src/deploy/leave-stage.ts'
import { readLockHolder, takeLock } from '../../../src/deploy/lock.ts'
import { type Artifact, artifactKey, artifactListKey } from '../../../src/model/artifact.ts'
import { attemptOf, readCurrent, recordAttempt } from '../../../src/records/deployments.ts'
import { keptPrefix, outPrefix, type StageRef, stageKeys } from '../../../src/records/keys.ts'
import type { Store } from '../../../src/records/store.ts'
import { type Bucket, keysIn, openDirectBucket, putJson, readJson } from '../../support/bucket.ts'
import { AT, after, makeBuild } from '../../support/records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openDirectBucket()
})
afterAll(() => bucket.close())

let projects = 0
const newStage = (): StageRef => ({ project: `gh/ada/kept-${++projects}`, stage: 'qa' })
const jobOf = (build: number, key = 1, title = 'build'): KeptJob => ({ build, key, attempt: 1, title })
const archiveOf = ({ build, key }: KeptJob, name: string) => `${name} of ${build}/${key}`
const artifactOf = (job: KeptJob, name: string): Artifact => ({
  ...{ name, bytes: archiveOf(job, name).length, unpackedBytes: 1, files: 1, paths: [name] },
  sha256: createHash('sha256').update(archiveOf(job, name)).digest('hex'),
})

/** Stores what an attempt leaves: these artifacts and, unless another one is given, their list. */
async function leave({ project }: StageRef, job: KeptJob, names: readonly string[], list?: unknown) {
  const prefix = outPrefix({ project, number: job.build }, job)
  for (const name of names) await putJson(bucket.store, artifactKey(prefix, { name }), archiveOf(job, name))
  await putJson(bucket.store, artifactListKey(prefix), list ?? names.map(name => artifactOf(job, name)))
}

/** Keeps what the deploy of a build got. */
const keep = (
  stage: StageRef,
  number: number,
  jobs: KeptJob[],
  {
    names = ['dist'],
    store = bucket.store,
    limits,
  }: { names?: string[]; store?: Store; limits?: Limits } = {},
) => {
  const build = makeBuild({ project: stage.project, number })
  return keepArtifacts(store, stage, build, { names, jobs: async () => jobs }, limits)
}
type Limits = Parameters<typeof keepArtifacts>[4]
const keptIn = async (stage: StageRef) => {
  const { artifacts } = stageKeys(stage)
  return (await keysIn(bucket, artifacts)).map(key => key.slice(artifacts.length))
}

test('what a deploy names is kept in the same form, with the list that its job has left, and nothing else', async () => {
  const stage = newStage()
  const jobs = [jobOf(1), jobOf(1, 2, 'unit (1/2)'), jobOf(1, 3, 'lint')]
  const [build, unit, lint] = jobs as [KeptJob, KeptJob, KeptJob]
  await leave(stage, build, ['dist', 'maps'])
  await leave(stage, unit, ['dist/1-of-2', 'coverage/1-of-2'])
  await leave(stage, lint, ['report'])
  await keep(stage, 1, [...jobs, jobOf(1, 4, 'left nothing')])
  expect(await keptIn(stage)).toEqual([
    ...['1/1/1/artifacts.json', '1/1/1/artifacts/dist.tar.zst'],
    ...['1/2/1/artifacts.json', '1/2/1/artifacts/dist/1-of-2.tar.zst'],
  ])
  const kept = keptPrefix(stage, build)
  const archive = await bucket.store.get(artifactKey(kept, { name: 'dist' }))
  expect(Buffer.from(archive?.body ?? '').toString()).toBe('dist of 1/1')
  expect(await readJson(bucket.store, artifactListKey(kept))).toEqual(
    ['dist', 'maps'].map(name => artifactOf(build, name)),
  )
  expect(await readKeptDeploys(bucket.store, stage)).toEqual([
    { build: 1, commit: makeBuild().commit, jobs: [build, unit], notKept: null },
  ])
})

test('what is there is not copied again, and what an earlier attempt has not copied is', async () => {
  const stage = newStage()
  const jobs = [jobOf(1), jobOf(1, 2)]
  for (const job of jobs) await leave(stage, job, ['dist'])
  const copies: string[] = []
  let failing = /\/2\/1\/artifacts\/dist/
  const store: Store = {
    ...bucket.store,
    copy: async (from, to) => {
      if (failing.test(from)) throw new Error('S3 does not answer')
      copies.push(to.slice(stageKeys(stage).artifacts.length))
      return bucket.store.copy(from, to)
    },
  }
  vi.spyOn(console, 'error').mockImplementation(() => {})
  await keep(stage, 1, jobs, { store })
  expect(copies.splice(0)).toEqual(['1/1/1/artifacts/dist.tar.zst', '1/1/1/artifacts.json'])
  expect(await readKeptDeploys(bucket.store, stage)).toMatchObject([
    { jobs, notKept: 'The artifacts of build could not be copied' },
  ])
  failing = /never/
  await keep(stage, 1, jobs, { store })
  expect(copies.splice(0)).toEqual(['1/2/1/artifacts/dist.tar.zst', '1/2/1/artifacts.json'])
  await keep(stage, 1, jobs, { store })
  expect(copies).toEqual([])
  expect(await readKeptDeploys(bucket.store, stage)).toMatchObject([{ build: 1, jobs, notKept: null }])
  // Nor is what a deploy by hand got from there, once the job's own has expired.
  for (const key of await keysIn(bucket, `out/${stage.project}/`)) await bucket.store.remove(key)
  await keep(stage, 2, jobs, { store })
  expect(copies).toEqual([])
  expect(await keptIn(stage)).toHaveLength(4)
  expect(await readKeptDeploys(bucket.store, stage)).toMatchObject([
    { build: 2, jobs, notKept: null },
    { build: 1 },
  ])
  vi.restoreAllMocks()
})

test('what a job stores beside its artifacts hides none of them', async () => {
  const stage = newStage()
  const jobs = [jobOf(1), jobOf(1, 2)]
  const [, hostile] = jobs as [KeptJob, KeptJob]
  for (const job of jobs) await leave(stage, job, ['dist'])
  const prefix = outPrefix({ project: stage.project, number: 1 }, hostile)
  // As if a list had brought a thousand other names first.
  const junk = Array.from({ length: 1000 }, (_, at) => `${prefix}!${at}`)
  const store: Store = {
    ...bucket.store,
    list: async (below, options = {}) => {
      const others = junk.filter(key => key.startsWith(below))
      const entries = others.map(key => ({ key, size: 1, modifiedAt: after(0) }))
      return [...entries, ...(await bucket.store.list(below, options))].slice(0, options.limit)
    },
  }
  await keep(stage, 1, jobs, { store })
  expect(await readKeptDeploys(bucket.store, stage)).toMatchObject([{ jobs, notKept: null }])
  expect(await keptIn(stage)).toHaveLength(4)
  const artifacts = [artifactOf(hostile, 'dist')]
  expect(await areStored(store, prefix, artifacts)).toBe(true)
  expect(await areStored(store, prefix, [...artifacts, artifactOf(hostile, 'maps')])).toBe(false)
})

const listed = artifactOf(jobOf(1), 'dist')
test.each<[string, unknown, string]>([
  ['is not JSON', 'dist', 'The list of artifacts of build cannot be read'],
  [
    'has another shape',
    [{ ...listed, name: '../../2/1/artifacts/dist' }],
    'The list of artifacts of build cannot be read',
  ],
  [
    'is too large',
    [{ ...listed, more: 'x'.repeat(300_000) }],
    'The list of artifacts of build cannot be read',
  ],
  ['has another size', [{ ...listed, bytes: 1 }], 'The artifact dist of build is not what its list has'],
  [
    'has what is not there',
    [{ ...listed, name: 'dist/2' }],
    'The artifact dist/2 of build is not what its list has',
  ],
])('of a job whose list %s, nothing is kept, and that of another one is', async (_, list, reason) => {
  const stage = newStage()
  vi.spyOn(console, 'error').mockImplementation(() => {})
  await leave(stage, jobOf(1), ['dist'], list)
  await leave(stage, jobOf(1, 2, 'site'), ['dist'])
  await keep(stage, 1, [jobOf(1), jobOf(1, 2, 'site')])
  expect(await keptIn(stage)).toEqual(['1/2/1/artifacts.json', '1/2/1/artifacts/dist.tar.zst'])
  expect(await readKeptDeploys(bucket.store, stage)).toMatchObject([{ notKept: reason }])
  vi.restoreAllMocks()
})

test('what is too large, or takes too long, is not kept, and that is noted', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const stage = newStage()
  await leave(stage, jobOf(1), ['dist'])
  await leave(stage, jobOf(1, 2), ['dist'])
  const limits = { bytes: 'dist of 1/1'.length * 2, ms: 30_000 }
  await keep(stage, 1, [jobOf(1), jobOf(1, 2)], { limits: { ...limits, bytes: limits.bytes - 1 } })
  expect(await keptIn(stage)).toEqual([])
  const reasonOf = async () => (await readKeptDeploys(bucket.store, stage))[0]?.notKept
  expect(await reasonOf()).toBe('The artifacts of this deploy are too large to be kept')
  // S3 never answers.
  const store: Store = { ...bucket.store, copy: () => new Promise(() => {}) }
  await keep(stage, 1, [jobOf(1), jobOf(1, 2)], { limits: { ...limits, ms: 50 }, store })
  expect(await reasonOf()).toBe('There was not enough time to keep the artifacts')
  await keep(stage, 1, [jobOf(1), jobOf(1, 2)], { limits })
  expect([await reasonOf(), (await keptIn(stage)).length]).toEqual([null, 4])
  vi.restoreAllMocks()
})

test('those of the last ten deploys are kept, and older ones as long as one of these has got the same', async () => {
  const stage = newStage()
  for (let number = 1; number <= 12; number++) {
    await leave(stage, jobOf(number), ['dist'])
    // The eighth deploys by hand what the second got.
    await keep(stage, number, [jobOf(number === 8 ? 2 : number)])
  }
  const builds = [...new Set((await keptIn(stage)).map(key => Number.parseInt(key, 10)))]
  expect(builds.toSorted((one, other) => one - other)).toEqual([2, 3, 4, 5, 6, 7, 9, 10, 11, 12])
  const deploys = await readKeptDeploys(bucket.store, stage)
  expect(deploys.map(({ build }) => build)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3])
  // One without artifacts counts as well.
  await keep(stage, 13, [jobOf(13)], { names: [] })
  expect((await keptIn(stage)).map(key => Number.parseInt(key, 10))).not.toContain(3)
})

test('a stage none of whose deploys has artifacts has no list of them', async () => {
  const stage = newStage()
  await keep(stage, 1, [jobOf(1)], { names: [] })
  expect(await keysIn(bucket, `${stage.project}/`)).toEqual([])
})

test.each([
  ['succeeded', ['1/1/1/artifacts.json', '1/1/1/artifacts/dist.tar.zst']],
  ['failed', []],
] as const)(
  'when a deploy has %s, its artifacts are kept accordingly before the stage is free',
  async (status, expected) => {
    const stage = newStage()
    const build = makeBuild({ project: stage.project, number: 1 })
    await leave(stage, jobOf(1), ['dist'])
    const deploy = { stage: stage.stage, status, reason: null, exit: null, url: null }
    let fault: Error | null = new Error('S3 does not answer')
    const locked: boolean[] = []
    const store: Store = {
      ...bucket.store,
      copy: async (from, to) => {
        locked.push((await readLockHolder(bucket.store, stage, new Date(AT))) !== null)
        if (fault) throw fault
        return bucket.store.copy(from, to)
      },
    }
    const context = { store, compare: async () => 'identical' as const, now: () => new Date(AT) }
    const end = async () => {
      await takeLock(store, stage, { build: 1, until: after(900).toISOString() }, new Date(AT))
      await recordAttempt(store, stage, attemptOf(build, { url: null, startedAt: new Date(AT), fence: 1 }))
      const artifacts = { names: ['dist'], jobs: async () => [jobOf(1)] }
      return leaveStage(stage, build, { deploy, endedAt: AT, cost: null, artifacts }, context)
    }
    vi.spyOn(console, 'error').mockImplementation(() => {})
    // Whether they can be kept or not, the deploy has ended as it has, and the stage is free.
    for (const kept of [[], expected]) {
      await end()
      expect(await keptIn(stage)).toEqual(kept)
      expect(await readCurrent(store, stage)).toMatchObject({ latest: { build: 1, status } })
      expect(await readLockHolder(store, stage, new Date(AT))).toBeNull()
      fault = null
    }
    expect(locked).toEqual(status === 'succeeded' ? [true, true, true] : [])
    vi.restoreAllMocks()
  },
)

test('a report that dies before or after any of its writes is continued by the next one', async () => {
  for (const when of ['before', 'after'] as const)
    for (let nth = 1; ; nth++) {
      const stage = newStage()
      const earlier = Array.from({ length: 10 }, (_, index) => 10 - index)
      const { commit } = makeBuild()
      const deploys = earlier.map(number => ({ build: number, commit, jobs: [jobOf(number)], notKept: null }))
      await putJson(bucket.store, stageKeys(stage).kept, { deploys })
      for (const number of [1, 2])
        await putJson(bucket.store, artifactKey(keptPrefix(stage, jobOf(number)), { name: 'dist' }), 'x')
      await leave(stage, jobOf(11), ['dist'])
      let writes = 0
      const death = Promise.withResolvers<'died'>()
      const dying =
        <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
        async (...args: A): Promise<T> => {
          writes += 1
          if (writes < nth) return work(...args)
          if (writes === nth && when === 'after') await work(...args)
          death.resolve('died')
          return new Promise(() => {})
        }
      const { copy, putIf, put, remove } = bucket.store
      const store: Store = {
        ...bucket.store,
        ...{ copy: dying(copy), putIf: dying(putIf), put: dying(put), remove: dying(remove) },
      }
      const build = makeBuild({ project: stage.project, number: 11 })
      const now = () => new Date(AT)
      await takeLock(bucket.store, stage, { build: 11, until: after(900).toISOString() }, now())
      await recordAttempt(bucket.store, stage, attemptOf(build, { url: null, startedAt: now(), fence: 1 }))
      const deploy = { stage: stage.stage, status: 'succeeded', reason: null, exit: null, url: null } as const
      const artifacts = { names: ['dist'], jobs: async () => [jobOf(11)] }
      const end = (through: Store) =>
        leaveStage(
          stage,
          build,
          { deploy, endedAt: AT, cost: null, artifacts },
          { store: through, compare: async () => 'identical' as const, now },
        )
      const ended = await Promise.race([end(store), death.promise])
      await end(bucket.store)
      expect((await readCurrent(bucket.store, stage))?.deployed?.build).toBe(11)
      expect(await readLockHolder(bucket.store, stage, now())).toBeNull()
      const kept = await readKeptDeploys(bucket.store, stage)
      expect(kept.map(each => each.build)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
      expect(await keptIn(stage)).toEqual([
        ...['11/1/1/artifacts.json', '11/1/1/artifacts/dist.tar.zst'],
        '2/1/1/artifacts/dist.tar.zst',
      ])
      if (ended !== 'died') {
        expect(nth).toBeGreaterThan(5)
        break
      }
    }
})
