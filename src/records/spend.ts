import { z } from '../model/zod.ts'
import { spendKeys } from './keys.ts'
import { readRecord } from './read-record.ts'
import { readReport } from './read-records.ts'
import type { Store } from './store.ts'

/** `spend/<month>.json`: what all builds of a month have cost that have ended. Written by report alone. */
export const spendSchema = z.object({
  builds: z.int().nonnegative(),
  /** In US dollars. */
  cost: z.number().nonnegative(),
  /** The costs of builds counted lately, by number: a report that is repeated does not count its build again. */
  recent: z.record(z.string(), z.number().nonnegative()),
})
export type Spend = z.infer<typeof spendSchema>

export const noSpend: Spend = { builds: 0, cost: 0, recent: {} }

export type Month = { month: string; builds: number; cost: number }

/** What a repository's builds have cost, the newest month first. A build belongs to the month in which it was queued (UTC). */
export async function listMonths(store: Store, project: string): Promise<Month[]> {
  const keys = (await store.list(spendKeys.prefix(project))).map(({ key }) => key).toReversed()
  const months = await Promise.all(keys.map(key => readMonth(store, key)))
  return months.filter(month => month !== null)
}

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
