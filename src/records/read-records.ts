import { type Build, buildSchema } from '../model/build.ts'
import {
  type JobRun,
  parseJobRun,
  RUN_RECORD_LIMIT,
  recordNameOf,
  rejectImpossible,
  unreadableRun,
} from './job-run.ts'
import { readOnce } from './kept-reads.ts'
import { type BuildRef, buildKeys, JOB_RECORDS, type JobRef, jobKeys, LEAD } from './keys.ts'
import { type PlanRecord, readPlan } from './plan-record.ts'
import { readRecord } from './read-record.ts'
import { type Report, reportSchema } from './report-record.ts'
import type { Entry, Store } from './store.ts'
import type { Records } from './view.ts'

export const readBuild = (store: Store, build: BuildRef): Promise<Build | null> =>
  readRecord(store, buildKeys(build).build, buildSchema)

/** What an attempt of a job has left: what it says of itself, and its objects (at most 1,000; its records come first). */
export type JobObjects = { run: JobRun | null; objects: Entry[] }

/** What a job says of itself, without what it cannot have done, and its objects. */
export async function readJob(store: Store, build: Build, job: JobRef = LEAD): Promise<JobObjects> {
  const objects = await store.list(jobKeys(build, job).prefix, { limit: MOST_OBJECTS })
  const run = await readNewest(store, build, job, objects)
  return { run: run && rejectImpossible(run, build), objects }
}

/** The lead of a build. One that has ended never changes: of several jobs, others may run for long after it. */
export async function readLead(
  store: Store,
  build: Build,
  { jobs }: Pick<Report, 'jobs'>,
): Promise<JobObjects> {
  const read = () => readJob(store, build)
  const hasEnded = jobs.some(({ key, conclusion }) => key === 0 && conclusion !== null)
  return hasEnded ? readOnce(store, jobKeys(build).prefix, read) : read()
}

/** S3 lists no more at once, and a job of 15 minutes writes about one a second. */
const MOST_OBJECTS = 1000

/** What a job says of itself, as written: its newest record. */
export async function readRawJobRun(
  store: Store,
  build: BuildRef,
  job: JobRef = LEAD,
): Promise<JobRun | null> {
  // The names of records come before those of all other objects.
  const objects = await store.list(jobKeys(build, job).prefix, { limit: JOB_RECORDS.length })
  return readNewest(store, build, job, objects)
}

async function readNewest(
  store: Store,
  build: BuildRef,
  job: JobRef,
  objects: readonly Entry[],
): Promise<JobRun | null> {
  const keys = jobKeys(build, job)
  const newest = JOB_RECORDS.map(keys.record).findLast(record => objects.some(({ key }) => key === record))
  const run = newest === undefined ? null : await readRun(store, newest)
  return run && newest !== keys.record(recordNameOf(run)) ? unreadableRun : run
}

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
  const [build, run, report] = await Promise.all([
    readBuild(store, ref),
    readRawJobRun(store, ref),
    readReport(store, ref),
  ])
  // Only report knows whether there is a plan that counts.
  const plan = report && report.jobs.length > 0 ? await readPlan(store, ref) : null
  if (!build) return null
  const only = plan && report ? onlyStateOf(plan, report) : null
  const onlyRun = only && (await readRawJobRun(store, ref, only))
  return {
    ...{ build, run: run && rejectImpossible(run, build), report },
    ...(plan && { plan }),
    ...(onlyRun && { onlyRun: rejectImpossible(onlyRun, build) }),
  }
}

/** The state of the only job of a plan, beside its deploy. Null if there are several, or if the lead runs it. */
function onlyStateOf({ jobs }: PlanRecord, report: Report): JobRef | null {
  const [only, ...others] = jobs.filter(({ isDeploy }) => !isDeploy)
  if (!only || others.length > 0) return null
  return report.jobs.find(({ key, publications }) => key === only.key && publications > 0) ?? null
}
