import { type Build, buildSchema } from '../model/build.ts'
import { type JobRun, parseJobRun, RUN_RECORD_LIMIT, rejectImpossible } from './job-run.ts'
import { type BuildRef, buildKeys } from './keys.ts'
import { readRecord } from './read-record.ts'
import { type Report, reportSchema } from './report-record.ts'
import type { Store } from './store.ts'
import type { Records } from './view.ts'

export const readBuild = (store: Store, build: BuildRef): Promise<Build | null> =>
  readRecord(store, buildKeys(build).build, buildSchema)

/** What the job says of itself, without what it cannot have done. */
export async function readJobRun(store: Store, build: Build): Promise<JobRun | null> {
  const run = await readRawJobRun(store, build)
  return run && rejectImpossible(run, build)
}

/** The job's record as written. */
export async function readRawJobRun(store: Store, build: BuildRef): Promise<JobRun | null> {
  // One byte more than the limit is read: a build that writes gigabytes there must not fill the reader's memory.
  const { run } = buildKeys(build)
  const start = await store.getRange(run, 0, RUN_RECORD_LIMIT + 1)
  // An empty object has no range, and is just as unreadable.
  const body = start ?? (await store.get(run))?.body
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
  return build && { build, run: run && rejectImpossible(run, build), report }
}
