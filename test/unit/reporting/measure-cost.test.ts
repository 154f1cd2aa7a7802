import { expect, test } from 'vitest'
import { costOf } from '../../../src/records/cost.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import { jobKeys } from '../../../src/records/keys.ts'
import { readJob } from '../../../src/records/read-records.ts'
import { measureCost } from '../../../src/reporting/measure-cost.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { after, endedRun, makeBuild, runKey, runOf } from '../../support/records.ts'

const BUILD = makeBuild()
const keys = jobKeys(BUILD)
const RUN_FUNCTIONS = { memoryMb: 2048, storageMb: 1024, timeoutSeconds: 900, architecture: 'arm64' }
const costAfter = (seconds: number, log = { segments: 0, bytes: 0 }) =>
  costOf({ ...RUN_FUNCTIONS, seconds, ...log })

type Moments = { claimedAt?: string | null; writtenAt?: number; now?: number }

/** Measures a build whose job has left this in the bucket. */
async function measure(
  record: JobRun | string | null,
  { claimedAt = after(2).toISOString(), writtenAt = 44, now = 50 }: Moments = {},
  objects: Readonly<Record<string, string>> = {},
) {
  const store = openMemoryStore(() => after(writtenAt))
  const body = typeof record === 'string' ? record : JSON.stringify(record)
  const key = typeof record === 'string' || !record ? keys.record('end') : runKey(BUILD, record)
  if (record !== null) await store.put(key, body, 'application/json')
  for (const [key, text] of Object.entries(objects)) await store.put(key, text, 'text/plain')
  const job = await readJob(store, BUILD)
  const context = { runFunctions: RUN_FUNCTIONS, now: () => after(now) }
  return measureCost({ build: BUILD, job, report: { claimedAt } }, context)
}

test('a build costs the time from its claim to its last record, by the clock of the bucket', async () => {
  expect(await measure(endedRun())).toBeCloseTo(costAfter(42), 9)
})

test('a build that no function has claimed has no cost', async () => {
  expect(await measure(null)).toBeNull()
})

const runner = {
  function: 'x',
  memoryMb: 1,
  storageMb: 999_999_999,
  architecture: 'arm64',
  region: 'x',
  requestId: 'x',
  start: 'warm' as const,
}
test.each<[string, JobRun | string]>([
  ['less memory and more disk', endedRun({ runner })],
  ['no function at all', endedRun({ runner: null })],
  ['a start years ago', endedRun({ startedAt: '2001-01-01T00:00:00.000Z' })],
  ['an end long before its start', endedRun({ endedAt: '2001-01-01T00:00:00.000Z' })],
  ['an end in a thousand years', endedRun({ endedAt: '3026-01-01T00:00:00.000Z' })],
  ['no times', endedRun({ startedAt: null, endedAt: null })],
  ['an immense log', endedRun({ log: { bytes: 1e15, complete: true, segments: 1e12 } })],
  ['nothing that can be read', 'hello'],
])('what a build says of itself does not count: %s', async (_, record) => {
  expect(await measure(record)).toBeCloseTo(costAfter(42), 9)
})

test('a job that died costs the time until report accepts its death, at most what its function may run', async () => {
  expect(await measure(runOf(), { now: 302 })).toBeCloseTo(costAfter(300), 9)
  expect(await measure(runOf(), { now: 3400 })).toBeCloseTo(costAfter(900), 9)
  expect(await measure(endedRun(), { writtenAt: 3000, now: 3400 })).toBeCloseTo(costAfter(900), 9)
})

test('a clock that lags behind makes no cost negative', async () => {
  expect(await measure(endedRun(), { claimedAt: after(60).toISOString() })).toBeCloseTo(costAfter(0), 9)
})

test('without the event of the claim, the time since the request counts', async () => {
  expect(await measure(endedRun(), { claimedAt: null })).toBeCloseTo(costAfter(44), 9)
})

test('the log counts as it is in the bucket', async () => {
  const objects = {
    [keys.log.segment(0)]: 'x'.repeat(1000),
    [keys.log.segment(1000)]: 'x'.repeat(500),
    [keys.log.whole]: 'x'.repeat(1500),
    // Of another build, whose number begins the same.
    [jobKeys({ ...BUILD, number: 71 }).log.whole]: 'x'.repeat(1e6),
  }
  expect(await measure(endedRun(), {}, objects)).toBeCloseTo(costAfter(42, { segments: 2, bytes: 1500 }), 12)
})
