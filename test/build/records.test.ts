import { afterAll, beforeAll, expect, test } from 'vitest'
import { Course } from '../../src/build/course.ts'
import { buildKeys } from '../../src/build/layout.ts'
import { readRecords, readRun } from '../../src/build/records.ts'
import { type Bucket, openAt, openBucket, putJson } from '../bucket.ts'
import { startFront } from '../front.ts'
import { after, endedRun, jobOf, reportOf, runOf } from '../records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

test('the records of a build, as far as they are there', async () => {
  const job = jobOf({ number: 1 })
  const keys = buildKeys(job)
  expect(await readRecords(bucket.store, job)).toBeNull()
  await putJson(bucket.store, keys.run, endedRun())
  expect(await readRecords(bucket.store, job)).toBeNull()
  await putJson(bucket.store, keys.job, job)
  expect(await readRecords(bucket.store, job)).toEqual({ job, run: endedRun(), report: null })
  await putJson(bucket.store, keys.report, reportOf())
  expect(await readRecords(bucket.store, job)).toEqual({ job, run: endedRun(), report: reportOf() })
})

test.each([
  [2, ''],
  [3, '{"phase": '],
  [4, 'x'.repeat(100_000)],
])('a run.json that a stranger wrote is an errored build (%i)', async (number, text) => {
  await putJson(bucket.store, buildKeys(jobOf({ number })).run, text)
  expect(await readRun(bucket.store, jobOf({ number }))).toMatchObject({ phase: 'ended', result: 'errored' })
})

test('a huge run.json is not even read', async () => {
  const huge = Buffer.alloc(40_000_000, ' ')
  await bucket.store.put(buildKeys(jobOf({ number: 5 })).run, huge, 'application/json')
  const front = await startFront(bucket.url)
  try {
    expect(await readRun(openAt(front.url), jobOf({ number: 5 }))).toMatchObject({ result: 'errored' })
    expect(front.bytes()).toBeLessThan(10_000_000)
  } finally {
    await front.close()
  }
})

const runner = { ...runOf().runner, requestId: 'another' } as NonNullable<ReturnType<typeof runOf>['runner']>

test('of many who claim a job at once, one has it', async () => {
  const job = jobOf({ number: 6 })
  const claims = await Promise.all(
    Array.from({ length: 12 }, () => Course.claim(bucket.store, job, runner, after(1))),
  )
  expect(claims.filter(claim => claim !== null)).toHaveLength(1)
})

test('a claim whose answer was lost knows itself again', async () => {
  const job = jobOf({ number: 8 })
  let lost = 0
  const front = await startFront(bucket.url, ({ method }) => method === 'PUT' && lost++ === 0)
  try {
    const course = await Course.claim(openAt(front.url), job, runner, after(1))
    expect(lost).toBe(2)
    expect(course?.run).toMatchObject({ phase: 'claimed', nonce: job.nonce, runner })
    await course?.time('fetch', async () => {})
    await course?.record({ phase: 'running' })
    expect(await readRun(bucket.store, job)).toMatchObject({
      phase: 'running',
      timings: { fetch: expect.any(Number) },
    })
  } finally {
    await front.close()
  }
})
