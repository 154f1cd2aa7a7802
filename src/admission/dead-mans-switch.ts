import { createHash } from 'node:crypto'
import type { Scheduler } from '../aws/scheduler.ts'
import { canonicalProject } from '../model/names.ts'
import type { BuildRef } from '../records/keys.ts'

/** Another look at a build of which something could not be told, `since` then. */
export type Look = { since: string }

/** Invokes report at the latest moment at which a build can still run, unless it is cleared before. */
export type DeadMansSwitch = {
  /**
   * Sets the switch of a build; a switch that is set stays as it is. With `look`, report is invoked at another time as well: the
   * switch stays as it is, and an earlier look is replaced.
   */
  set(build: BuildRef, at: Date, look?: Look): Promise<void>
  /** Clears the switch and the look. */
  clear(build: BuildRef): Promise<void>
}

/** The function that the switch invokes, and the role with which it is invoked. */
export type SwitchTarget = { functionArn: string; roleArn: string }

/** A hash, because an owner and a repository alone can exceed the 64 characters of a schedule's name. */
export const switchName = ({ project, number }: BuildRef) =>
  `${createHash('sha256').update(canonicalProject(project)).digest('hex').slice(0, 32)}-${number}`

export const lookName = (build: BuildRef) => `${switchName(build)}-look`

export const openDeadMansSwitch = (scheduler: Scheduler, target: SwitchTarget): DeadMansSwitch => ({
  set: async ({ project, number }, at, look) => {
    const name = (look ? lookName : switchName)({ project, number })
    // The schedule that has just fired may not be gone yet.
    if (look) await scheduler.cancel(name)
    await scheduler.schedule({ ...target, name, at, event: { switch: { project, number, ...look } } })
  },
  clear: async build => {
    await Promise.all([switchName(build), lookName(build)].map(scheduler.cancel))
  },
})
