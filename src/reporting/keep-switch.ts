import type { DeadMansSwitch } from '../admission/dead-mans-switch.ts'
import { latestEndAfter, switchTimeOf } from '../admission/deadlines.ts'
import type { Build } from '../model/build.ts'
import type { Report } from '../records/report-record.ts'
import { latestEndOf } from './decide.ts'
import { lookAtMoment } from './look-at-moment.ts'

type Context = { deadMansSwitch: DeadMansSwitch; now: () => Date }

/** Sets the dead man's switch again once it has fired, to the next moment at which a job is dead. Returns the new latest end. */
export async function keepSwitch(build: Build, report: Report, context: Context): Promise<string | null> {
  const { deadMansSwitch, now } = context
  const due = switchTimeOf(report.latestEnd ?? build.latestEnd)
  if (now() < due) {
    await lookAtMoment(build, due, context)
    return report.latestEnd
  }
  const ends = report.jobs.flatMap(({ conclusion, latestEnd }) =>
    conclusion === null && latestEnd && switchTimeOf(latestEnd) > now() ? [latestEnd] : [],
  )
  const next = ends.toSorted()[0] ?? latestEndAfter(now()).toISOString()
  await deadMansSwitch.clear(build)
  await deadMansSwitch.move(build, switchTimeOf(next))
  return next
}

/**
 * Sets the switch again for a build that has only its lead, if that was claimed so late that the switch has fired: its message was
 * published once more than recorded.
 */
export async function keepSwitchOfLead(
  build: Build,
  report: Report,
  claimTime: Date | null,
  context: Context,
): Promise<void> {
  const { deadMansSwitch, now } = context
  const due = switchTimeOf(report.latestEnd ?? build.latestEnd)
  const dead = claimTime && switchTimeOf(latestEndOf(build, claimTime, report).toISOString())
  const next = now() < due ? due : dead
  if (next === null || (await lookAtMoment(build, next, context)) || next === due) return
  await deadMansSwitch.clear(build)
  await deadMansSwitch.move(build, next)
}
