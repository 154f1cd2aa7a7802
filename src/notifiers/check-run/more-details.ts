import { hasEnded } from '../../model/conclusion.ts'
import type { Posted } from '../../records/commit-record.ts'
import type { View } from '../../records/view.ts'

/** Whether a check run lacks known details of its build: another invocation, which knew less, has posted its end. */
export const hasMoreDetails = ({ check }: Posted, own: View): boolean =>
  check !== undefined &&
  check.conclusion !== null &&
  !check.hasDetails &&
  check.number === own.number &&
  isTested(own)

/** A build that waits for approval, or was never started, has nothing to show. */
const isTested = ({ status, startedAt }: View) => hasEnded(status) && startedAt !== null
