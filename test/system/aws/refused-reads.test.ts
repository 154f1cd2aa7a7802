import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { readSecretVariables } from '../../../src/account/secrets.ts'
import { recordedDeploy } from '../../../src/deploy/conclude-deploy.ts'
import { readQueue } from '../../../src/deploy/queue.ts'
import { raiseCounter } from '../../../src/records/counter.ts'
import { buildKeys, counterKey, stageKeys } from '../../../src/records/keys.ts'
import { readBuild, readReport } from '../../../src/records/read-records.ts'
import { type Bucket, CREDENTIALS, openAt, openBucket, putJson, readJson } from '../../support/bucket.ts'
import { makeBuild, reportOf } from '../../support/records.ts'

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

test('what a build recorded of its deploy counts, unless it is malformed; a refusal says nothing of it', async () => {
  const { store } = bucket
  const key = stageKeys(stage).deploy(build.number)
  const deploy = { stage: 'dev', status: 'running', reason: null, exit: null, url: null, by: null } as const
  const recorded = {
    ...{ build: 1, of: 1, commit: build.commit, branch: 'master', message: '', who: 'ada' },
    ...{ status: 'succeeded', reason: null, url: null, durationMs: 0, cost: null },
    ...{ startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:00:00.000Z' },
  }
  await putJson(store, key, recorded)
  expect(await recordedDeploy(store, build, deploy)).toEqual({ ...deploy, status: 'succeeded' })
  denied = /deploys/
  await expect(recordedDeploy(store, build, deploy)).rejects.toMatchObject(refusal)
  denied = null
  for (const malformed of ['{"build":', { ...recorded, status: 'fine' }]) {
    await putJson(store, key, malformed)
    expect(await recordedDeploy(store, build, deploy)).toEqual(deploy)
  }
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
