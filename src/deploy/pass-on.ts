import type { Build } from '../model/build.ts'
import { type Compare, newestOf } from '../model/newer.ts'
import { readCurrent } from '../records/deployments.ts'
import { readOnce } from '../records/kept-reads.ts'
import { buildKeys, type StageRef } from '../records/keys.ts'
import { nullIfMalformed } from '../records/read-record.ts'
import { readBuild } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import { isByHand } from './gate.ts'
import { queryGitHub } from './github-silence.ts'
import { holderOf, readLock, takeLock } from './lock.ts'
import { dequeue, readQueue } from './queue.ts'

/** The context for passing a stage on. */
export type StageContext = { store: Store; compare: Compare; now: () => Date }

/** A build that got a stage is processed within seconds. If the message is lost, another build may have the stage after this time. */
export const HANDOVER_MS = 5 * 60_000

/**
 * Gives a free stage to the next build that waits for it. Whether that build may deploy is decided when it is processed. Returns the
 * build that holds the stage now; null for none.
 * @throws GitHubSilence if GitHub does not say which of the waiting builds is the newest
 */
export async function passOn(stage: StageRef, { store, compare, now }: StageContext): Promise<number | null> {
  const lock = await readLock(store, stage)
  const holder = holderOf(lock, now())
  if (holder) return holder.build
  const waiting = await readWaiting(store, stage)
  const current = waiting.length > 1 ? await readCurrent(store, stage) : null
  const next = await queryGitHub(() => nextOf(waiting, current?.latest ?? null, compare))
  if (!next) return null
  const until = new Date(now().getTime() + HANDOVER_MS).toISOString()
  return takeLock(store, stage, { build: next.number, until }, now(), lock)
}

/** The last deploy that a person requested. Without any, the newest commit on the branch of the latest push. */
async function nextOf(
  waiting: readonly Build[],
  tried: { commit: string } | null,
  compare: Compare,
): Promise<Build | undefined> {
  const [latest, ...others] = waiting.toSorted(
    (one, other) => Number(isByHand(other)) - Number(isByHand(one)) || other.number - one.number,
  )
  if (!latest || isByHand(latest)) return latest
  const ofBranch = others.filter(({ branch }) => branch === latest.branch)
  // Its gate will find that it is too old. Looking for the newest of many such builds, once for each, would use up GitHub's limit.
  const isOlder =
    ofBranch.length > 0 &&
    tried !== null &&
    (await compare(latest.repository, tried.commit, latest.commit)) === 'behind'
  return isOlder ? latest : newestOf([latest, ...ofBranch], compare)
}

/** The builds that wait, except those that are no longer on record, or unreadable. */
async function readWaiting(store: Store, { project, stage }: StageRef): Promise<Build[]> {
  const { waiting } = await readQueue(store, { project, stage })
  const found = await Promise.all(
    waiting.map(async ({ build: number }) => {
      const ref = { project, number }
      const read = () => readBuild(store, ref)
      return { number, build: await readOnce(store, buildKeys(ref).build, read).catch(nullIfMalformed) }
    }),
  )
  const lost = found.flatMap(({ number, build }) => (build ? [] : [number]))
  if (lost.length > 0) await dequeue(store, { project, stage }, lost)
  return found.flatMap(({ build }) => build ?? [])
}
