import { z } from '../model/zod.ts'
import { spendKeys } from './keys.ts'
import { readRecord } from './read-record.ts'
import { readReport } from './read-records.ts'
import type { Store } from './store.ts'

/** `spend/<month>.json`: the cost of all ended builds of a month. Written only by report. */
export const spendSchema = z.object({
  builds: z.int().nonnegative(),
  /** In US dollars. */
  cost: z.number().nonnegative(),
  /** The costs of recently counted builds, by number: a repeated report does not count its build again. */
  recent: z.record(z.string(), z.number().nonnegative()),
  /** The build with which 80 % of the budget was used up, and the names of the notifiers that have announced it. */
  warning: z.object({ build: z.int().positive(), done: z.array(z.string().max(50)) }).optional(),
})
export type Spend = z.infer<typeof spendSchema>

export const noSpend: Spend = { builds: 0, cost: 0, recent: {} }

export type Month = { month: string; builds: number; cost: number }

/** The cost of a repository's builds, the newest month first. A build belongs to the month in which it was queued (UTC). */
export async function listMonths(store: Store, project: string): Promise<Month[]> {
  const keys = (await store.list(spendKeys.prefix(project))).map(({ key }) => key).toReversed()
  const months = await Promise.all(keys.map(key => readMonth(store, key)))
  return months.filter(month => month !== null)
}

/** The cost of a repository's builds in the month of this moment (UTC). Null if none of them has ended yet. */
export const readSpend = (store: Store, project: string, now: Date): Promise<Spend | null> =>
  readRecord(store, spendKeys.month(project, now.toISOString().slice(0, 'yyyy-mm'.length)), spendSchema)

/** False if a repository's first build, and perhaps others, ended under a version of report that did not count them. */
export const isCountedFromStart = async (store: Store, project: string): Promise<boolean> =>
  (await readReport(store, { project, number: 1 }))?.isCounted !== false

async function readMonth(store: Store, key: string): Promise<Month | null> {
  const spend = await readRecord(store, key, spendSchema)
  return (
    spend && {
      month: key.slice(-'2026-11.json'.length, -'.json'.length),
      builds: spend.builds,
      cost: spend.cost,
    }
  )
}
