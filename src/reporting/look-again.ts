import { switchTimeOf } from '../admission/deadlines.ts'

const MINUTE_MS = 60_000
const FIRST_PAUSE_MS = 5 * MINUTE_MS
const LONGEST_PAUSE_MS = 60 * MINUTE_MS
/** How long after the switch people may still see something that is no longer true, before report gives up. */
const PATIENCE_MS = 24 * 60 * MINUTE_MS

/**
 * When report looks again at a build of which something could not be told: `retry` leaves it to Lambda's own retries and to
 * the dead man's switch; once that has fired, pauses grow to an hour. Null: after a day, or if people see nothing that is
 * no longer true, report gives up.
 */
export function nextLook(latestEnd: string, isStanding: boolean, now: Date): 'retry' | Date | null {
  const since = now.getTime() - switchTimeOf(latestEnd).getTime()
  if (since < 0) return 'retry'
  if (!isStanding || since > PATIENCE_MS) return null
  const pause = Math.min(Math.max(since, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
  return new Date(now.getTime() + pause)
}
