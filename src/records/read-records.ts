import { type Build, buildSchema } from '../model/build.ts'
import { isRedJob } from '../model/conclude-jobs.ts'
import { titleOf } from '../model/job.ts'
import { unpackCounts } from '../model/tests.ts'
import { boundMoments } from './bound-moments.ts'
import type { FailedJob } from './failure-view.ts'
import {
  type JobRun,
  parseJobRun,
  RUN_RECORD_LIMIT,
  recordNameOf,
  rejectImpossible,
  unreadableRun,
} from './job-run.ts'
import { readOnce } from './kept-reads.ts'
import {
  type BuildRef,
  buildKeys,
  JOB_RECORDS,
  type JobRecordName,
  type JobRef,
  jobKeys,
  LEAD,
} from './keys.ts'
import { type PlanRecord, readPlan } from './plan-record.ts'
import { readRecord } from './read-record.ts'
import { type JobState, type Report, reportSchema } from './report-record.ts'
import type { Entry, Store } from './store.ts'
import type { Records } from './view.ts'

export const readBuild = (store: Store, build: BuildRef): Promise<Build | null> =>
  readRecord(store, buildKeys(build).build, buildSchema)

/**
 * The records and objects of an attempt: its state in its own record, the name of that record, and its objects (at most 1,000; its records
 * come first).
 */
export type JobObjects = { run: JobRun | null; record: JobRecordName | null; objects: Entry[] }

/**
 * The record that counts: the one that report read when it accepted the end, null for none. Later records do not count. Undefined before
 * the end, when the newest one counts.
 */
type Counting = JobRecordName | null | undefined

/** A job's state in its own record, without impossible claims, and its objects. */
export async function readJob(
  store: Store,
  build: Build,
  job: JobRef = LEAD,
  counting?: Counting,
): Promise<JobObjects> {
  const objects = await store.list(jobKeys(build, job).prefix, { limit: MOST_OBJECTS })
  return { ...(await readCounting(store, { build, job, counting }, objects)), objects }
}

/** The lead of a build. One that has ended never changes, although other jobs may run for long after it. */
export async function readLead(
  store: Store,
  build: Build,
  { jobs, end, leadRecord }: Pick<Report, 'jobs' | 'end' | 'leadRecord'>,
): Promise<JobObjects> {
  const read = () => readJob(store, build, LEAD, end ? leadRecord : undefined)
  const hasEnded = jobs.some(({ key, conclusion }) => key === 0 && conclusion !== null)
  return hasEnded ? readOnce(store, jobKeys(build).prefix, read) : read()
}

/** S3 lists no more at once, and a job of 15 minutes writes about one a second. */
export const MOST_OBJECTS = 1000

/** When an attempt was claimed, by the clock of the bucket; null if it was not. */
export const claimTimeIn = (
  { objects }: Pick<JobObjects, 'objects'>,
  { record }: ReturnType<typeof jobKeys>,
): Date | null => objects.find(({ key }) => key === record('claim'))?.modifiedAt ?? null

/** The whole log of the lead; null if it does not exist. */
export const wholeLogIn = ({ objects }: Pick<JobObjects, 'objects'>, build: BuildRef): Entry | null =>
  objects.find(({ key }) => key === jobKeys(build).log.whole) ?? null

/** The existing records of an attempt. Their names precede those of all its other objects. */
const listRecords = (store: Store, build: BuildRef, job: JobRef = LEAD): Promise<Entry[]> =>
  store.list(jobKeys(build, job).prefix, { limit: JOB_RECORDS.length })

/** The record of an attempt that counts. */
async function readCounting(
  store: Store,
  { build, job, counting }: { build: Build; job: JobRef; counting: Counting },
  objects: readonly Entry[],
): Promise<Pick<JobObjects, 'run' | 'record'>> {
  const names = JOB_RECORDS.filter(name => counting === undefined || name === counting)
  const found = await readRecordIn(store, jobKeys(build, job), names, objects)
  if (!found) return { run: null, record: null }
  const { run, name, writtenAt } = found
  return { run: rejectImpossible(boundMoments(run, build.queuedAt, writtenAt), build), record: name }
}

/** A job's state in its newest record, as written. */
export async function readRawJobRun(
  store: Store,
  build: BuildRef,
  job: JobRef = LEAD,
): Promise<JobRun | null> {
  const objects = await listRecords(store, build, job)
  return (await readRecordIn(store, jobKeys(build, job), JOB_RECORDS, objects))?.run ?? null
}

/** The lead's own record of its end, as written; null before that. One request, where `readRawJobRun` takes two. */
export async function readRawEnd(store: Store, build: BuildRef): Promise<JobRun | null> {
  const run = await readRun(store, jobKeys(build).record('end'))
  return run && believable(run, 'end')
}

/** The newest of these records of an attempt. One whose state contradicts its name cannot be believed. */
async function readRecordIn(
  store: Store,
  { record }: ReturnType<typeof jobKeys>,
  names: readonly JobRecordName[],
  objects: readonly Entry[],
): Promise<{ run: JobRun; name: JobRecordName; writtenAt: Date } | null> {
  const found = names.flatMap(name => {
    const entry = objects.find(({ key }) => key === record(name))
    return entry ? [{ name, writtenAt: entry.modifiedAt }] : []
  })
  const newest = found.at(-1)
  const run = newest ? await readRun(store, record(newest.name)) : null
  return newest && run ? { ...newest, run: believable(run, newest.name) } : null
}

const believable = (run: JobRun, name: JobRecordName): JobRun =>
  name === recordNameOf(run) ? run : unreadableRun

/** One record of a job; null if there is none. */
export async function readRun(store: Store, record: string): Promise<JobRun | null> {
  // One byte more than the limit is read: a job that writes gigabytes there must not fill the reader's memory.
  const start = await store.getRange(record, 0, RUN_RECORD_LIMIT + 1)
  // An empty object has no range, and is just as unreadable.
  const body = start ?? (await store.get(record))?.body
  return body ? parseJobRun(body) : null
}

export const readReport = (store: Store, build: BuildRef): Promise<Report | null> =>
  readRecord(store, buildKeys(build).report, reportSchema)

/** All records of a build; null when there is no such build. */
export async function readRecords(store: Store, ref: BuildRef): Promise<Records | null> {
  const [build, report, objects] = await Promise.all([
    readBuild(store, ref),
    readReport(store, ref),
    listRecords(store, ref),
  ])
  if (!build) return null
  const counting = report?.end ? report.leadRecord : undefined
  const [{ run }, plan] = await Promise.all([
    readCounting(store, { build, job: LEAD, counting }, objects),
    // Only report knows whether there is a valid plan.
    report && report.jobs.length > 0 ? readPlan(store, ref) : null,
  ])
  const only = plan && report ? onlyStateOf(plan, report) : null
  const onlyRun = only && (await readState(store, build, only))
  const failed = plan && report ? await readFailed(store, build, { plan, report }) : null
  return { ...{ build, run, report }, ...(plan && { plan, failed }), ...(onlyRun && { onlyRun }) }
}

async function readState(store: Store, build: Build, state: JobState): Promise<JobRun | null> {
  const counting = state.conclusion === null ? undefined : state.record
  const objects = await listRecords(store, build, state)
  return (await readCounting(store, { build, job: state, counting }, objects)).run
}

/** The state of the only job of a plan, apart from its deploy. Null if there are several, or if the lead runs it. */
function onlyStateOf({ jobs }: PlanRecord, report: Report): JobState | null {
  const [only, ...others] = jobs.filter(({ isDeploy }) => !isDeploy)
  if (!only || others.length > 0) return null
  return report.jobs.find(({ key, publications }) => key === only.key && publications > 0) ?? null
}

/** The failure of the first red job with a named one, or else of the first red job; null before the end of its build. */
export async function readFailed(
  store: Store,
  build: Build,
  { plan, report }: { plan: PlanRecord; report: Report },
): Promise<FailedJob | null> {
  if (!report.end) return null
  const jobs = plan.jobs.filter(({ isDeploy }) => !isDeploy)
  const isOnly = plan.leftOut.length === 0 && jobs.length === 1
  const red = jobs.flatMap(job => {
    const state = report.jobs.find(({ key }) => key === job.key)
    if (!state || state.conclusion === null) return []
    const { conclusion, tests: packed } = state
    const tests = packed && unpackCounts(packed)
    const ended = { ...state, conclusion, tests, title: titleOf(job), allowFailure: job.allowFailure }
    return isRedJob(ended) ? [{ state, title: ended.title }] : []
  })
  const found = red.find(({ state }) => state.isNamed) ?? red[0]
  const run = found && (await readState(store, build, found.state))
  return run ? { ...(isOnly ? ONLY : { title: found.title, key: found.state.key }), run } : null
}

const ONLY = { title: null, key: null }
