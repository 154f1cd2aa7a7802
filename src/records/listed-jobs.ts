import { type BuildRef, buildKeys, JOB_RECORDS, type JobRecordName, type JobRef, jobKeys } from './keys.ts'
import type { Store } from './store.ts'

/** Groups everything of a job's log, which has up to a thousand objects, into one entry. */
const DELIMITER = '/log'

/** Three pages. If other objects of jobs make the list longer, the jobs at its end are read one by one. */
const MOST_ENTRIES = 3000

/** When each record of an attempt was written, by the bucket's clock, to the second. */
export type ListedRecords = Partial<Record<JobRecordName, Date>>

/**
 * Lists the records of all jobs of a build; one request is enough for some 300 jobs. The result looks up the records of an attempt:
 * null if they are not known, because the list is too long.
 */
export async function listJobs(
  store: Store,
  build: BuildRef,
): Promise<(job: JobRef) => ListedRecords | null> {
  const entries = await store.list(`${buildKeys(build).prefix}jobs/`, {
    delimiter: DELIMITER,
    limit: MOST_ENTRIES,
  })
  const times = new Map(entries.map(({ key, modifiedAt }) => [key, modifiedAt]))
  const last = entries.length < MOST_ENTRIES ? null : (entries.at(-1)?.key ?? null)
  return job => {
    const { record, prefix } = jobKeys(build, job)
    // All keys with this prefix come before it.
    if (last !== null && last < `${prefix}~`) return null
    const found = JOB_RECORDS.flatMap(name => {
      const time = times.get(record(name))
      return time ? [[name, time] as const] : []
    })
    return Object.fromEntries(found)
  }
}
