import type { DeadMansSwitch } from '../admission/dead-mans-switch.ts'
import { credentialsEndAfter } from '../admission/deadlines.ts'
import { firstByteOf, isSegment, MOST_PIECES } from '../log/log-keys.ts'
import { type JobRef, jobKeys, LEAD } from '../records/keys.ts'
import { MOST_OBJECTS } from '../records/read-records.ts'
import type { Report } from '../records/report-record.ts'
import type { Entry, Store } from '../records/store.ts'
import type { BuildState } from './build-state.ts'
import { lookAtMoment } from './look-at-moment.ts'
import { removeUnlisted } from './remove-unlisted.ts'

/** How many objects of an attempt are removed in one look. S3 does not charge for requests that delete. */
const MOST_REMOVED = 1000
/** The pause between looks that remove as many as allowed. */
const PAUSE_MS = 60_000
const AT_ONCE = 20

/** All pieces, the index of lines, and as much junk as is removed. A longer list has junk. */
const MOST_LISTED = MOST_PIECES + 1 + MOST_REMOVED

type Ended = Pick<BuildState, 'build' | 'report' | 'objects'>
type Found = { hasJunk: boolean; hasMore: boolean }
type Context = { store: Store; deadMansSwitch: DeadMansSwitch; now: () => Date }

/**
 * Removes what the jobs of a build that has ended have left beside the pieces of their logs and their artifacts: nothing reads it, and
 * much of it would stay for ever. Each attempt takes one list, unless this look has made it, and a bounded number of deletes. Returns whether there was anything, and whether there may be more.
 */
async function removeJunk(
  { build, report, objects }: Ended,
  { store }: Pick<Context, 'store'>,
): Promise<Found> {
  let [hasJunk, hasMore] = [false, false]
  for (const job of attemptsOf(report)) {
    const { log } = jobKeys(build, job)
    const listed = job === LEAD && objects && objects.length < MOST_OBJECTS ? objects : null
    const entries =
      listed?.filter(({ key }) => key.startsWith(log.prefix)) ??
      (await store.list(log.prefix, { limit: MOST_LISTED }))
    const all = junkIn(entries, log.lines)
    const junk = all.slice(0, MOST_REMOVED)
    for (let at = 0; at < junk.length; at += AT_ONCE)
      await Promise.all(junk.slice(at, at + AT_ONCE).map(({ key }) => store.remove(key)))
    hasJunk ||= junk.length > 0
    hasMore ||= all.length > junk.length || entries.length === MOST_LISTED
  }
  const hasUnlisted = await removeUnlisted({ build, report }, store)
  return { hasJunk: hasJunk || hasUnlisted, hasMore }
}

/** The objects that are neither the index of lines nor pieces of the log. Pieces are consecutive, and not more than are read. */
export function junkIn(entries: readonly Entry[], lines: string): Entry[] {
  let [end, pieces] = [0, 0]
  return entries.filter(entry => {
    const isPiece =
      isSegment(entry) && entry.size > 0 && firstByteOf(entry.key) >= end && pieces < MOST_PIECES
    if (!isPiece) return entry.key !== lines
    end = firstByteOf(entry.key) + entry.size
    pieces += 1
    return false
  })
}

/** All attempts that were started. */
function attemptsOf({ jobs }: Report): JobRef[] {
  const started = jobs.filter(({ publications, attempt }) => publications > 0 || attempt > 1)
  const all = started.flatMap(({ key, attempt: last }) =>
    Array.from({ length: last }, (_, index) => ({ key, attempt: index + 1 })),
  )
  return all.some(({ key }) => key === LEAD.key) ? all : [LEAD, ...all]
}

/** The moment when the credentials of all jobs of a build have certainly expired. */
function credentialsEndOf({ build, report }: Ended): Date {
  const ends = [build.latestEnd, report.latestEnd, ...report.jobs.map(({ latestEnd }) => latestEnd)]
  return credentialsEndAfter(
    ends
      .flatMap(end => end ?? [])
      .toSorted()
      .at(-1) ?? build.latestEnd,
  )
}

/**
 * Makes sure that a build that has ended is looked at once more when its credentials have expired, if they may be misused until then: it is
 * a stranger's, or has left junk. After that, it is looked at until no junk is left.
 */
async function watchJunk(
  ended: Ended,
  { hasJunk, hasMore }: Found,
  { deadMansSwitch, now }: Omit<Context, 'store'>,
): Promise<void> {
  const end = credentialsEndOf(ended)
  const { build, report } = ended
  // A build that nobody has approved has no credentials.
  const isOfStranger = build.trust === 'fork' && report.publications > 0
  const isWatched = hasJunk || isOfStranger || report.hasLeftJunk
  const isOver = now() >= end
  const at = isOver ? new Date(now().getTime() + PAUSE_MS) : end
  if (isOver ? hasMore : isWatched) await deadMansSwitch.set(build, at, { since: now().toISOString() })
}

/** Removes junk at the end of a build, and watches for more. Returns whether there was any. */
export async function removeJunkAtEnd(ended: Ended, context: Context): Promise<boolean> {
  const found = await removeJunk(ended, context)
  await watchJunk(ended, found, context)
  return found.hasJunk || (ended.report.hasLeftJunk ?? false)
}

/** Removes objects that were written after the end of a build, once no more can be written, in as many looks as necessary. */
export async function removeLateJunk(ended: Ended, context: Context): Promise<void> {
  const end = credentialsEndOf(ended)
  if (context.now() < end) await lookAtMoment(ended.build, end, context)
  else await watchJunk(ended, await removeJunk(ended, context), context)
}
