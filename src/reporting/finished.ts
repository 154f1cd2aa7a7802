import type { BuildRef } from '../records/keys.ts'
import type { Report } from '../records/report-record.ts'
import type { Unfinished } from './look-again.ts'

/** The result of a look at a build. `others`: builds to look at now. `unfinished`: a reason to look again later. */
export type Finished = { report: Report; others: BuildRef[]; unfinished: Unfinished | null }

/** Records an end before anyone is notified of it, in another look. The facts behind it would not be found again. */
export const recordFirst = (report: Report, others: BuildRef[] = []): Finished => ({
  report: { ...report, isRerunRequested: true },
  others,
  unfinished: null,
})
