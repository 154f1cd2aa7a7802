import type { Build } from '../model/build.ts'
import { spendKeys } from '../records/keys.ts'
import { readReport } from '../records/read-records.ts'
import type { Report } from '../records/report-record.ts'
import { noSpend, type Spend, spendSchema } from '../records/spend.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'

type Counted = { build: Build; report: Report }

/** After this many builds, those whose reports remember being counted are removed from the list of recent ones. */
const CLEANING_INTERVAL = 100
/** Some reports may never remember it, because they gave up. */
const MOST_RECENT = 500

/**
 * Adds a build that has ended to its month once, however often its report is repeated. Returns whether it is counted, which the caller must
 * record: until then, the month remembers the build.
 */
export async function countSpend({ build, report }: Counted, store: Store): Promise<boolean> {
  if (!report.end || report.isCounted) return report.isCounted
  const key = spendKeys.month(build.project, build.queuedAt.slice(0, 7))
  const { value: month } = await updateRecord(store, key, spendSchema, standing =>
    addBuild(standing ?? noSpend, build.number, report.cost ?? 0),
  )
  if (month.builds % CLEANING_INTERVAL === 0) {
    const forgettable = await rememberedByReports(store, build.project, Object.keys(month.recent))
    await updateRecord(store, key, spendSchema, standing => forget(standing ?? noSpend, forgettable))
  }
  return true
}

/** A repeated report measures again if it was interrupted. The later cost is then on record. */
export function addBuild(month: Spend, number: number, cost: number): Spend {
  const counted = month.recent[number]
  if (counted === cost) return month
  return {
    ...month,
    builds: month.builds + (counted === undefined ? 1 : 0),
    cost: Math.max(0, month.cost + cost - (counted ?? 0)),
    recent: { ...month.recent, [number]: cost },
  }
}

function forget(month: Spend, numbers: ReadonlySet<string>): Spend {
  const kept = Object.entries(month.recent).filter(([number]) => !numbers.has(number))
  return { ...month, recent: Object.fromEntries(kept.slice(-MOST_RECENT)) }
}

async function rememberedByReports(
  store: Store,
  project: string,
  numbers: readonly string[],
): Promise<ReadonlySet<string>> {
  const reports = await Promise.all(
    numbers.map(async number => ({
      number,
      report: await readReport(store, { project, number: Number(number) }),
    })),
  )
  return new Set(reports.filter(({ report }) => report?.isCounted).map(({ number }) => number))
}
