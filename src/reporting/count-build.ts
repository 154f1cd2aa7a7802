import type { PlanRecord } from '../records/plan-record.ts'
import { keepTimings } from './keep-timings.ts'
import { countAndWarn } from './warn-of-budget.ts'

type Counted = Parameters<typeof countAndWarn>[0] & { plan: PlanRecord | null }

/**
 * Counts the cost of a build that has ended (`countAndWarn`), and the seconds of its test files. Those only improve the division of the
 * next build, so a fault there is only logged.
 */
export async function countBuild(
  ended: Counted,
  context: Parameters<typeof countAndWarn>[1],
): Promise<boolean> {
  if (!ended.report.isCounted) await keepTimings(ended, context.store).catch(fault => console.error(fault))
  return countAndWarn(ended, context)
}
