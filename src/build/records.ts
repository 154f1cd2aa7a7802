import type * as z from 'zod'
import { type Job, jobSchema } from '../job/job.ts'
import { type BuildRef, buildKeys } from './layout.ts'
import { type Report, reportSchema } from './report-record.ts'
import { believe, parseRun, RUN_RECORD_LIMIT, type Run } from './run-record.ts'
import type { Store } from './store.ts'
import type { Records } from './view.ts'

/** A record with the version that a conditional write must name. */
export type Versioned<T> = { value: T; etag: string }

/** Reads JSON that the product itself wrote; anything else there is a fault. */
export async function readRecord<T>(
  store: Store,
  key: string,
  schema: z.ZodType<T>,
): Promise<Versioned<T> | null> {
  const stored = await store.get(key)
  if (!stored) return null
  return { value: schema.parse(JSON.parse(Buffer.from(stored.body).toString('utf8'))), etag: stored.etag }
}

/** As `readRecord`, for whoever may not list the bucket: then what is not there is answered 403. */
export async function readIfThere<T>(
  store: Store,
  key: string,
  schema: z.ZodType<T>,
): Promise<Versioned<T> | null> {
  return readRecord(store, key, schema).catch(nullWhereForbidden)
}

function nullWhereForbidden(error: { $metadata?: { httpStatusCode?: number } }): null {
  if (error?.$metadata?.httpStatusCode === 403) return null
  throw error
}

/** No more than so much of what a build may have written is read. */
const SMALL_BYTES = 4096

/** A small record that builds write, for whoever may not list the bucket. */
export async function readSmall<T>(store: Store, key: string, schema: z.ZodType<T>): Promise<T | null> {
  const body = await store.getRange(key, 0, SMALL_BYTES).catch(nullWhereForbidden)
  return body && schema.parse(JSON.parse(Buffer.from(body).toString('utf8')))
}

export const readJob = async (store: Store, build: BuildRef) =>
  (await readRecord(store, buildKeys(build).job, jobSchema))?.value ?? null

/** What the build says of itself, as far as it can be believed. */
export async function readCourse(store: Store, job: Job): Promise<Run | null> {
  const run = await readRun(store, job)
  return run && believe(run, job)
}

/** As it was written. */
export async function readRun(store: Store, build: BuildRef): Promise<Run | null> {
  // A byte more than is read: whoever wrote gigabytes there must not fill the memory of those who look.
  const { run } = buildKeys(build)
  const start = await store.getRange(run, 0, RUN_RECORD_LIMIT + 1)
  // An empty object has no range, and is no less unreadable for it.
  const body = start ?? (await store.get(run))?.body
  return body ? parseRun(body) : null
}

export const readReport = (store: Store, build: BuildRef): Promise<Versioned<Report> | null> =>
  readRecord(store, buildKeys(build).report, reportSchema)

/** Everything on record about a build, or null when there is no such build. */
export async function readRecords(store: Store, build: BuildRef): Promise<Records | null> {
  const [job, run, report] = await Promise.all([
    readJob(store, build),
    readRun(store, build),
    readReport(store, build),
  ])
  return job && { job, run: run && believe(run, job), report: report?.value ?? null }
}
