import { switchTimeOf } from '../admission/deadlines.ts'

const MINUTE_MS = 60_000
const FIRST_PAUSE_MS = 5 * MINUTE_MS
const LONGEST_PAUSE_MS = 60 * MINUTE_MS
/** How long after the switch people may still see an earlier state, before report gives up. */
const TIMEOUT_MS = 24 * 60 * MINUTE_MS

/**
 * When report looks again at a build of which something could not be told: `retry` leaves it to Lambda's own retries and to
 * the dead man's switch; once that has fired, pauses grow to an hour. Null: report gives up, after a day, or if people see
 * no earlier state such as "running" (`isStanding`).
 */
export function nextLook(latestEnd: string, isStanding: boolean, now: Date): 'retry' | Date | null {
  const since = now.getTime() - switchTimeOf(latestEnd).getTime()
  if (since < 0) return 'retry'
  if (!isStanding || since > TIMEOUT_MS) return null
  const pause = Math.min(Math.max(since, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
  return new Date(now.getTime() + pause)
}
