import { z } from '../model/zod.ts'
import { counterKey } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { ContentionError, readVersion, updateRecord, type Versioned } from './update-record.ts'

const counterSchema = z.object({
  number: z.int().nonnegative(),
  /** The builds that started on this day (UTC) without a person's approval, and those of forks among them. */
  today: z
    .object({ date: z.iso.date(), builds: z.int().nonnegative(), forks: z.int().nonnegative() })
    .optional(),
})

type Counter = z.infer<typeof counterSchema>

/** The counter that was last read or written, for the next write: admitting a build reads it, counts, and raises it. */
const lastSeen = new WeakMap<Store, { project: string; version: Versioned<Counter>; until: number }>()
/** Longer than admitting takes. */
const SEEN_MS = 5000

const keep = (store: Store, project: string, version: Versioned<Counter>) =>
  lastSeen.set(store, { project, version, until: Date.now() + SEEN_MS })

/** Undefined if it must be read. A write with an old version is lost, and repeated. */
function takeSeen(store: Store, project: string): Versioned<Counter> | undefined {
  const seen = lastSeen.get(store)
  lastSeen.delete(store)
  return seen?.project === project && Date.now() < seen.until ? seen.version : undefined
}

/** The last build number in the counter. It may lag behind the builds, and is never ahead of them. */
export async function lastNumber(store: Store, project: string): Promise<number> {
  const version = await readVersion(store, counterKey(project), counterSchema)
  keep(store, project, version)
  return version?.value.number ?? 0
}

/** The last day (UTC) on which a build was counted, as `2026-11-20`; an empty text before the first one, null without any build. */
export async function lastDay(store: Store, project: string): Promise<string | null> {
  const counter = await readRecord(store, counterKey(project), counterSchema)
  return counter && (counter.today?.date ?? '')
}

/** Raises the counter to `number`, unless it is already higher. */
export async function raiseCounter(store: Store, project: string, number: number): Promise<void> {
  try {
    await updateRecord(
      store,
      counterKey(project),
      counterSchema,
      counter => (counter && counter.number >= number ? counter : { ...counter, number }),
      takeSeen(store, project),
    )
  } catch (error) {
    // The counter may lag behind: creating build.json takes the number, and the counter only speeds that up.
    if (!(error instanceof ContentionError)) throw error
  }
}

export type DailyLimits = { maxForkBuildsPerDay: number; maxBuildsPerDay: number }

/**
 * Counts a build that is about to start. Returns the limit that prevents it; it is not counted then. If several arrive at once, no more are
 * counted than the limits allow. If too many arrive for this one to be counted, it waits if it is a fork's.
 */
export async function countBuild(
  store: Store,
  { project, isFork }: { project: string; isFork: boolean },
  { maxForkBuildsPerDay, maxBuildsPerDay }: DailyLimits,
  now: Date,
): Promise<'fork-builds' | 'builds' | null> {
  const date = now.toISOString().slice(0, 'yyyy-mm-dd'.length)
  let reached: 'fork-builds' | 'builds' | null = null
  try {
    const change = (counter: Counter | null): Counter | null => {
      const today = counter?.today?.date === date ? counter.today : { date, builds: 0, forks: 0 }
      const { builds, forks } = today
      reached =
        isFork && forks >= maxForkBuildsPerDay ? 'fork-builds' : builds >= maxBuildsPerDay ? 'builds' : null
      if (reached) return counter
      return {
        number: counter?.number ?? 0,
        today: { date, builds: builds + 1, forks: forks + (isFork ? 1 : 0) },
      }
    }
    const key = counterKey(project)
    const { version } = await updateRecord(store, key, counterSchema, change, takeSeen(store, project))
    keep(store, project, version)
  } catch (error) {
    if (!(error instanceof ContentionError)) throw error
    // Too many arrive at once for this one to be counted. It must not be lost for that, but a fork's waits.
    return isFork ? 'fork-builds' : null
  }
  return reached
}
