import type { BuildRequest } from '../model/build.ts'
import { type Compare, isNewer, remember } from '../model/newer.ts'
import { type BuildRef, buildKeys, deliveryKey } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { readTrigger, recordEnd, type TriggerRecord, type TriggerRef } from '../records/trigger-record.ts'

/** Builds further back were left by those after them. All of those that wait for approval are looked at. */
const MOST_BUILDS = 5
/** Builds further back were compared when the ones after them arrived. */
const MOST_COMPARED = 3

/**
 * Records that a branch was deleted, or a pull request closed. The results of its builds then no longer count for their commits if
 * another branch or pull request is at the commit.
 */
export async function recordGone(store: Store, ref: TriggerRef, now: Date): Promise<void> {
  await triggerReport(store, ref, await recordEnd(store, ref), now)
}

/**
 * As `recordGone`, once for each delivery: a pull request may be open again when somebody resends the delivery of its earlier close. A
 * delivery whose record was interrupted is recorded again.
 */
export async function recordGoneOnce(
  store: Store,
  delivery: string,
  ref: TriggerRef,
  now: Date,
): Promise<void> {
  const key = deliveryKey(delivery)
  const [earlier, record] = await Promise.all([store.get(key), readTrigger(store, ref)])
  // Nothing is recorded for a branch or pull request that was never built.
  if (earlier !== null || record === null) return
  await recordGone(store, ref, now)
  await store.putOnce(key, Buffer.from(JSON.stringify({ goneAt: now.toISOString() })), 'application/json')
}

/**
 * Records that a branch has moved on by a push that is not built, so there is no build that leaves its earlier commits. Once for each
 * delivery, and only if the push is newer in git than its builds: it may be old, and sent again. While GitHub does not answer, the first
 * delivery counts.
 */
export async function recordMovedOnOnce(
  delivery: string,
  push: BuildRequest,
  { store, compare, now }: { store: Store; compare: Compare; now: () => Date },
): Promise<void> {
  // Next to the claim of a build: without skip words in the settings, the same delivery starts one.
  const key = deliveryKey(`${delivery}.skipped`)
  const [earlier, record] = await Promise.all([store.get(key), readTrigger(store, push)])
  if (earlier !== null || record === null) return
  const counts = await isNews(push, record, remember(compare)).catch(error => {
    console.error(error)
    return true
  })
  if (counts) await triggerReport(store, push, record, now())
  const claim = JSON.stringify({ skippedAt: now().toISOString() })
  await store.putOnce(key, Buffer.from(claim), 'application/json')
}

async function isNews(push: BuildRequest, { builds }: TriggerRecord, compare: Compare): Promise<boolean> {
  for (const build of builds.filter(({ isArrival }) => isArrival).slice(0, MOST_COMPARED)) {
    if (build.commit === push.commit) return false
    if (!(await isNewer({ ...push, number: build.number + 1 }, build, compare))) return false
  }
  return true
}

/** Lets report look again at a build's statement about its commit, whose branch or pull request may be gone. */
export async function recordBuildGone(store: Store, build: BuildRef, now: Date): Promise<void> {
  await store.put(buildKeys(build).gone, JSON.stringify({ at: now.toISOString() }), 'application/json')
}

async function triggerReport(
  store: Store,
  { project }: TriggerRef,
  record: TriggerRecord | null,
  now: Date,
): Promise<void> {
  const builds = record?.builds.filter(({ waits }, index) => waits || index < MOST_BUILDS) ?? []
  await Promise.all(builds.map(({ number }) => recordBuildGone(store, { project, number }, now)))
}
