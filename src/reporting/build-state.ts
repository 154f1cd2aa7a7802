import type { Account } from '../account/settings.ts'
import type { Build } from '../model/build.ts'
import type { JobRun } from '../records/job-run.ts'
import type { PlanRecord } from '../records/plan-record.ts'
import type { Report } from '../records/report-record.ts'
import type { Entry } from '../records/store.ts'

/** A build, with its records and the account's settings as they were when it was admitted. */
export type BuildState = {
  build: Build
  account: Account
  /** The lead's. */
  run: JobRun | null
  /** The lead's whole log; null if it is not there. */
  wholeLog: Entry | null
  /** The lead's objects (`JobObjects`), if this look has listed them. */
  objects?: readonly Entry[]
  plan: PlanRecord | null
  report: Report
}
