import { z } from '../model/zod.ts'
import { counterKey } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { ContentionError, updateRecord } from './update-record.ts'

const counterSchema = z.object({
  number: z.int().nonnegative(),
  /** The builds that have started on this day (UTC) without having been approved by a person, and those of forks among them. */
  today: z
    .object({ date: z.iso.date(), builds: z.int().nonnegative(), forks: z.int().nonnegative() })
    .optional(),
})

/** The last build number that the counter knows. It may lag behind the builds, and is never ahead of them. */
export const lastNumber = async (store: Store, project: string): Promise<number> =>
  (await readRecord(store, counterKey(project), counterSchema))?.number ?? 0

/** The last day (UTC) on which a build was counted, as `2026-11-20`; an empty text before the first one, null without any build. */
export async function lastDay(store: Store, project: string): Promise<string | null> {
  const counter = await readRecord(store, counterKey(project), counterSchema)
  return counter && (counter.today?.date ?? '')
}

/** Raises the counter to `number`, unless it is higher already. */
export async function raiseCounter(store: Store, project: string, number: number): Promise<void> {
  try {
    await updateRecord(store, counterKey(project), counterSchema, counter =>
      counter && counter.number >= number ? counter : { ...counter, number },
    )
  } catch (error) {
    // The counter may lag behind: creating build.json takes the number, and the counter only makes that quick.
    if (!(error instanceof ContentionError)) throw error
  }
}

export type DailyLimits = { maxForkBuildsPerDay: number; maxBuildsPerDay: number }

/**
 * Counts a build that is to start now. Returns the limit that keeps it from starting; it is not counted then. Of several builds at
 * once, no more are counted than the limits allow. One that cannot be counted, because too many arrive at once, waits if it is a fork's.
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
    await updateRecord(store, counterKey(project), counterSchema, counter => {
      const today = counter?.today?.date === date ? counter.today : { date, builds: 0, forks: 0 }
      const { builds, forks } = today
      reached =
        isFork && forks >= maxForkBuildsPerDay ? 'fork-builds' : builds >= maxBuildsPerDay ? 'builds' : null
      if (reached) return counter
      return {
        number: counter?.number ?? 0,
        today: { date, builds: builds + 1, forks: forks + (isFork ? 1 : 0) },
      }
    })
  } catch (error) {
    if (!(error instanceof ContentionError)) throw error
    // So many arrive at once that this one cannot be counted. It must not be lost for that, but a fork's waits.
    return isFork ? 'fork-builds' : null
  }
  return reached
}
