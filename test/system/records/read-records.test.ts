import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildKeys, jobKeys, LEAD } from '../../../src/records/keys.ts'
import { readRawJobRun, readRecords } from '../../../src/records/read-records.ts'
import { RunRecorder } from '../../../src/records/run-recorder.ts'
import { type Bucket, openAt, openBucket, putJson } from '../../support/bucket.ts'
import { startProxy } from '../../support/proxy.ts'
import { after, endedRun, makeBuild, reportOf, runOf } from '../../support/records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

test('reads the records of a build that exist', async () => {
  const build = makeBuild({ number: 1 })
  const keys = buildKeys(build)
  expect(await readRecords(bucket.store, build)).toBeNull()
  await putJson(bucket.store, jobKeys(build).record('end'), endedRun())
  expect(await readRecords(bucket.store, build)).toBeNull()
  await putJson(bucket.store, keys.build, build)
  expect(await readRecords(bucket.store, build)).toEqual({ build, run: endedRun(), report: null })
  await putJson(bucket.store, keys.report, reportOf())
  expect(await readRecords(bucket.store, build)).toEqual({ build, run: endedRun(), report: reportOf() })
})

test.each([
  [2, ''],
  [3, '{"phase": '],
  [4, 'x'.repeat(100_000)],
])('a malformed record is an errored build (%i)', async (number, text) => {
  await putJson(bucket.store, jobKeys(makeBuild({ number })).record('end'), text)
  expect(await readRawJobRun(bucket.store, makeBuild({ number }))).toMatchObject({
    phase: 'ended',
    conclusion: 'errored',
  })
})

test('a huge record is not downloaded', async () => {
  const huge = Buffer.alloc(40_000_000, ' ')
  await bucket.store.put(jobKeys(makeBuild({ number: 5 })).record('end'), huge, 'application/json')
  const proxy = await startProxy(bucket.url)
  try {
    expect(await readRawJobRun(openAt(proxy.url), makeBuild({ number: 5 }))).toMatchObject({
      conclusion: 'errored',
    })
    expect(proxy.bytes()).toBeLessThan(10_000_000)
  } finally {
    await proxy.close()
  }
})

const runner = { ...runOf().runner, requestId: 'another' } as NonNullable<ReturnType<typeof runOf>['runner']>

test('one of many concurrent claims succeeds', async () => {
  const build = makeBuild({ number: 6 })
  const claims = await Promise.all(
    Array.from({ length: 12 }, () => RunRecorder.claim(bucket.store, build, LEAD, { runner, now: after(1) })),
  )
  expect(claims.filter(claim => claim !== null)).toHaveLength(1)
})

test('a retried claim whose first response was lost recognises itself', async () => {
  const build = makeBuild({ number: 8 })
  let lost = 0
  const proxy = await startProxy(bucket.url, ({ method }) => method === 'PUT' && lost++ === 0)
  try {
    const recorder = await RunRecorder.claim(openAt(proxy.url), build, LEAD, { runner, now: after(1) })
    expect(lost).toBe(2)
    expect(recorder?.run).toMatchObject({ phase: 'claimed', nonce: build.nonce, runner })
    await recorder?.time('fetch', async () => {})
    await recorder?.record({ phase: 'running' })
    expect(await readRawJobRun(bucket.store, build)).toMatchObject({
      phase: 'running',
      timings: { fetch: expect.any(Number) },
    })
  } finally {
    await proxy.close()
  }
})
