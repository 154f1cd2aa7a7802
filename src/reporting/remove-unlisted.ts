import { artifactKey, artifactListKey } from '../model/artifact.ts'
import { testRecordKey } from '../model/tests.ts'
import { buildOutPrefix, jobKeys, LEAD, outPrefix } from '../records/keys.ts'
import { readRun } from '../records/read-records.ts'
import type { JobState } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import type { BuildState } from './build-state.ts'

/** How many objects below `out/` are looked at, and removed, for a build in one look. */
const MOST_OBJECTS = 1000
const AT_ONCE = 20

/**
 * Removes objects that the jobs of an ended build have stored below `out/`, except the artifacts and tests that the end of their attempt
 * lists. One list for a build that has left nothing. Later objects expire after 30 days. Returns whether there was anything.
 */
export async function removeUnlisted({ build, report }: Ended, store: Store): Promise<boolean> {
  const entries = await store.list(buildOutPrefix(build), { limit: MOST_OBJECTS })
  const byAttempt = Map.groupBy(entries, ({ key }) => attemptOf(key.slice(buildOutPrefix(build).length)))
  let hasUnlisted = false
  for (const [attempt, found] of byAttempt) {
    const listed = await listedOf({ build, report }, attempt, store)
    const unlisted = found.filter(({ key }) => !listed.has(key))
    for (let at = 0; at < unlisted.length; at += AT_ONCE)
      await Promise.all(unlisted.slice(at, at + AT_ONCE).map(({ key }) => store.remove(key)))
    hasUnlisted ||= unlisted.length > 0
  }
  return hasUnlisted
}

type Ended = Pick<BuildState, 'build' | 'report'>

/** The first two segments, `<k>/<attempt>`; empty for a path outside of attempts. */
const attemptOf = (path: string) => /^\d{1,6}\/\d{1,6}(?=\/)/.exec(path)?.[0] ?? ''

/** The record of an attempt that counted: one that failed has recorded its end. Undefined if that is not known, null for none. */
function recordOfAttempt({ attempt, record, failed = [] }: JobState, of: number): JobState['record'] {
  if (of === attempt) return record
  return failed.includes(of) ? 'end' : null
}

/** The keys that the end of an attempt lists, if that end is the one that counted. */
async function listedOf({ build, report }: Ended, attempt: string, store: Store): Promise<Set<string>> {
  const [key, of] = attempt.split('/').map(Number)
  if (key === undefined || of === undefined) return new Set()
  const state = report.jobs.find(job => job.key === key)
  const counted = state ? recordOfAttempt(state, of) : key === LEAD.key ? report.leadRecord : null
  // Undefined: an earlier version accepted the end without noting its record.
  if (counted !== undefined && counted !== 'end') return new Set()
  const job = { key, attempt: of }
  const { artifacts = [], tests } = (await readRun(store, jobKeys(build, job).record('end'))) ?? {}
  const prefix = outPrefix(build, job)
  return new Set([
    ...(tests ? [testRecordKey(prefix)] : []),
    ...(artifacts.length > 0 ? [artifactListKey(prefix)] : []),
    ...artifacts.map(artifact => artifactKey(prefix, artifact)),
  ])
}
