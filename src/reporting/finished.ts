import type { BuildRef } from '../records/keys.ts'
import type { Report } from '../records/report-record.ts'
import type { Unfinished } from './look-again.ts'

/** What a look at a build has come to. `others`: builds that must be looked at now. `unfinished`: what must be looked at again later. */
export type Finished = { report: Report; others: BuildRef[]; unfinished: Unfinished | null }

/** Puts an end on record before anybody is told, in another look. It follows from what would not be found again. */
export const recordFirst = (report: Report, others: BuildRef[] = []): Finished => ({
  report: { ...report, isRerunRequested: true },
  others,
  unfinished: null,
})
