import type { DeadMansSwitch } from '../admission/dead-mans-switch.ts'
import type { BuildRef } from '../records/keys.ts'

/** The possible difference between the clocks of EventBridge Scheduler and of report. */
const CLOCKS_MS = 5 * 60_000

/** Whether a moment is still ahead by any clock, so that the current look cannot be the one that was set for it. */
export const isFarOff = (moment: Date, now: Date): boolean => moment.getTime() - now.getTime() > CLOCKS_MS

type Context = { deadMansSwitch: DeadMansSwitch; now: () => Date }

/**
 * Makes sure that report is invoked again at a moment, if that is near: this look may be the scheduled one, and too early. The other one is
 * late enough by any clock. Returns whether the moment is near.
 */
export async function lookAtMoment(
  build: BuildRef,
  moment: Date,
  { deadMansSwitch, now }: Context,
): Promise<boolean> {
  if (moment <= now() || isFarOff(moment, now())) return false
  const at = new Date(moment.getTime() + CLOCKS_MS)
  await deadMansSwitch.set(build, at, { since: now().toISOString() })
  return true
}
