import { switchTimeOf } from '../admission/deadlines.ts'
import type { Build } from '../model/build.ts'
import { buildKeys } from '../records/keys.ts'
import { firstReportOf } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import { writeFirst } from '../records/update-record.ts'
import { isFarOff } from './look-at-moment.ts'
import type { Knowledge } from './with-report.ts'

type Context = { store: Store; now: () => Date }

/**
 * Records when a lead was claimed, if nothing else follows from that: report has heard of nothing else of its build, and the dead man's
 * switch is yet to fire. Returns whether that is so. Otherwise nothing is written, and the build must be looked at.
 */
export async function recordClaim(
  build: Build,
  { claimedAt, failure, isGone }: Knowledge,
  { store, now }: Context,
): Promise<boolean> {
  if (claimedAt === undefined || failure || isGone || build.approval !== null) return false
  if (!isFarOff(switchTimeOf(build.latestEnd), now())) return false
  return writeFirst(store, buildKeys(build).report, { ...firstReportOf(build), claimedAt })
}
