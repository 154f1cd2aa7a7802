import type { DeadMansSwitch } from '../admission/dead-mans-switch.ts'
import { switchTimeOf } from '../admission/deadlines.ts'
import type { Build } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import type { BuildRef } from '../records/keys.ts'
import { LEASE_SECONDS } from '../records/lease.ts'

const MINUTE_MS = 60_000
const FIRST_PAUSE_MS = 5 * MINUTE_MS
const LONGEST_PAUSE_MS = 60 * MINUTE_MS
/** How long the first pause is kept. */
const FIRST_PAUSES_MS = 60 * MINUTE_MS
/** How long after the switch, or a later fault, people may still see an earlier state, before report gives up. */
const TIMEOUT_MS = 24 * 60 * MINUTE_MS

/** Something about a build could not be reported yet. */
export type Unfinished = {
  latestEnd: string
  /** Whether people still see an earlier state. */
  isStanding: boolean
}

/**
 * When report looks again at a build after a fault, the first of which was at `since`: every five minutes for an hour, then with pauses
 * that grow to an hour. Null: report gives up, a day after the dead man's switch has fired (or after `since`, if that is later), or as soon
 * as it has fired if people see no earlier state such as "running" (`isStanding`).
 */
export function nextLook(latestEnd: string, isStanding: boolean, now: Date, since = now): Date | null {
  const switchTime = switchTimeOf(latestEnd)
  if (!isStanding && now >= switchTime) return null
  if (now.getTime() - Math.max(switchTime.getTime(), since.getTime()) > TIMEOUT_MS) return null
  const later = now.getTime() - since.getTime() - FIRST_PAUSES_MS
  const pause = Math.min(Math.max(later, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
  return new Date(now.getTime() + pause)
}

type Context = { deadMansSwitch: DeadMansSwitch; now: () => Date }

/**
 * Makes sure that report is invoked again. A look that was scheduled at the first fault passes `since`.
 * @throws UserError at the first fault, so that Lambda tries again at once, and when report gives up: both raise the alarm
 */
export async function lookAgain(
  build: BuildRef,
  { latestEnd, isStanding }: Unfinished,
  since: string | undefined,
  { deadMansSwitch, now }: Context,
): Promise<void> {
  const first = since ?? now().toISOString()
  const at = nextLook(latestEnd, isStanding, now(), new Date(first))
  const what = `Something about ${build.project} #${build.number} could not be told: see its report.json.`
  if (at === null)
    throw new UserError(`${what} Nothing will try again. Rebuild it, or set its status by hand.`)
  await deadMansSwitch.set(build, at, { since: first })
  const next = `${what} The next attempt is at ${at.toISOString()}.`
  if (since === undefined) throw new UserError(next)
  console.error(next)
}

/**
 * Makes sure that report is invoked again if another invocation, which may be dead, has the lease of a build: once the lease has expired.
 * Usually, the dead man's switch does that. But a build whose branch is gone may have ended, and then has no switch, and the switch of a
 * build that waits for approval is weeks away.
 */
export async function lookAfterLease(
  build: Pick<Build, 'project' | 'number' | 'latestEnd' | 'approval'>,
  { since, isGone }: { since: string | undefined; isGone: boolean },
  { deadMansSwitch, now }: Context,
): Promise<void> {
  const hasSwitch = build.approval === null && now() < switchTimeOf(build.latestEnd)
  if (since === undefined && !isGone && hasSwitch) return
  const at = new Date(now().getTime() + LEASE_SECONDS * 1000)
  await deadMansSwitch.set(build, at, { since: since ?? now().toISOString() })
}
