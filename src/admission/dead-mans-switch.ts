import { createHash } from 'node:crypto'
import type { Scheduler } from '../aws/scheduler.ts'
import { canonicalProject } from '../model/names.ts'
import type { BuildRef } from '../records/keys.ts'

/** Invokes report at the latest moment at which a build can still run, unless it is cleared before. */
export type DeadMansSwitch = {
  /** Sets the switch of a build; a switch that is set stays as it is. */
  set(build: BuildRef, at: Date): Promise<void>
  clear(build: BuildRef): Promise<void>
}

/** The function that the switch invokes, and the role with which it is invoked. */
export type SwitchTarget = { functionArn: string; roleArn: string }

/** A hash, because an owner and a repository alone can exceed the 64 characters of a schedule's name. */
export const switchName = ({ project, number }: BuildRef) =>
  `${createHash('sha256').update(canonicalProject(project)).digest('hex').slice(0, 32)}-${number}`

export const openDeadMansSwitch = (scheduler: Scheduler, target: SwitchTarget): DeadMansSwitch => ({
  set: ({ project, number }, at) =>
    scheduler.schedule({
      ...target,
      name: switchName({ project, number }),
      at,
      event: { switch: { project, number } },
    }),
  clear: build => scheduler.cancel(switchName(build)),
})
