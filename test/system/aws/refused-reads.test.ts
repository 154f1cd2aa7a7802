import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { readSecretVariables } from '../../../src/account/secrets.ts'
import { acquireStage } from '../../../src/deploy/acquire-stage.ts'
import { leaveStage } from '../../../src/deploy/leave-stage.ts'
import { enqueue, readQueue } from '../../../src/deploy/queue.ts'
import { raiseCounter } from '../../../src/records/counter.ts'
import { readCurrent } from '../../../src/records/deployments.ts'
import { buildKeys, counterKey, stageKeys } from '../../../src/records/keys.ts'
import { readBuild, readReport } from '../../../src/records/read-records.ts'
import { type Bucket, CREDENTIALS, openAt, openBucket, putJson, readJson } from '../../support/bucket.ts'
import { AT, after, makeBuild, reportOf } from '../../support/records.ts'

// S3 answers 403 when a right is missing, a key is disabled, or the clocks differ, and, without the right to list the
// bucket, when an object is missing.

let bucket: Bucket
let denied: RegExp | null = null
let mayList = true
beforeAll(async () => {
  bucket = await openBucket({
    allows: (_, { action, resource }) =>
      action === 's3:ListBucket' ? mayList : action !== 's3:GetObject' || !denied?.test(resource),
  })
})
afterEach(() => {
  denied = null
  mayList = true
})
afterAll(() => bucket.close())

const build = makeBuild({ number: 1 })
const stage = { project: build.project, stage: 'dev' }
const refusal = { name: 'AccessDenied' }

test('a record that S3 refuses to read is not a missing one', async () => {
  const { store } = bucket
  await putJson(store, buildKeys(build).build, build)
  await putJson(store, buildKeys(build).report, reportOf())
  denied = /./
  for (const read of [
    store.get(buildKeys(build).build),
    store.getRange(buildKeys(build).build, 0, 10),
    readBuild(store, build),
    readReport(store, build),
    readQueue(store, stage),
  ])
    await expect(read).rejects.toMatchObject(refusal)
  denied = null
  expect(await readBuild(store, build)).toEqual(build)
})

test('a record that S3 refuses to read is not changed', async () => {
  const { store } = bucket
  await raiseCounter(store, build.project, 7)
  const before = await readJson(store, counterKey(build.project))
  denied = /counter\.json$/
  await expect(raiseCounter(store, build.project, 9)).rejects.toMatchObject(refusal)
  denied = null
  expect(await readJson(store, counterKey(build.project))).toEqual(before)
})

test('a stage with a record that S3 refuses to read, or that has another shape, is given to nobody and not freed', async () => {
  const { store } = bucket
  await putJson(store, buildKeys(build).build, build)
  const keys = stageKeys(stage)
  const context = { store, compare: async () => 'identical' as const, now: () => new Date(AT) }
  const takes = () => acquireStage(stage, build, { until: after(900), isPinned: true }, context)
  const deploy = { stage: 'dev', status: 'succeeded', reason: null, exit: null, url: null } as const
  const leaves = () => leaveStage(stage, build, { deploy, endedAt: AT, cost: null }, context)
  const of = { build: 1, of: 1, commit: build.commit, branch: 'master', message: '', who: 'ada' }
  const latest = { ...of, status: 'running', url: null, startedAt: AT, fence: 3 }
  await putJson(store, keys.current, { deployed: null, latest })
  await putJson(store, keys.lock, { holder: { build: 9, until: after(900).toISOString() }, fence: 4 })
  await enqueue(store, stage, { build: 1, commit: build.commit, since: AT })
  const recorded = () => Promise.all([keys.current, keys.lock, keys.next].map(key => readJson(store, key)))
  const standing = await recorded()
  for (const refused of [/lock\.json$/, /next\.json$/]) {
    denied = refused
    await expect(takes()).rejects.toMatchObject(refusal)
  }
  for (const refused of [/current\.json$/, /current\.json$|lock\.json$|next\.json$/]) {
    denied = refused
    await expect(leaves()).rejects.toMatchObject(refusal)
  }
  denied = null
  expect(await recorded()).toEqual(standing)
  await putJson(store, keys.current, { latest: 'fine' })
  await expect(leaves()).rejects.toThrow()
  await putJson(store, keys.lock, { holder: 'nobody' })
  await expect(takes()).rejects.toThrow()
  expect(await readJson(store, keys.next)).toEqual(standing[2])
  // Once they can be read again, what was deployed is recorded, and the stage goes to the next one.
  await putJson(store, keys.current, standing[0])
  await putJson(store, keys.lock, standing[1])
  expect(await leaves()).toBe(9)
  expect(await readCurrent(store, stage)).toMatchObject({ deployed: { build: 1, status: 'succeeded' } })
})

test('to a job, which may not list the bucket, a denied object is a missing one, and no other refusal is', async () => {
  mayList = false
  const job = openAt(bucket.url, { mayList: false })
  expect(await job.get('missing')).toBeNull()
  expect(await job.getRange('missing', 0, 10)).toBeNull()
  expect(await readBuild(job, makeBuild({ number: 2 }))).toBeNull()
  await expect(readSecretVariables(job, ['secrets/env/global.json'])).rejects.toThrow(
    /^secrets\/env\/global\.json in the bucket was deleted after this build was admitted, or S3 denies access/,
  )
  await expect(bucket.store.get('missing')).rejects.toMatchObject(refusal)
  const other = openAt(bucket.url, {
    mayList: false,
    credentials: { ...CREDENTIALS, secretAccessKey: 'another' },
  })
  await expect(other.get('missing')).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' })
  for (const store of [job, other]) store.close()
})
