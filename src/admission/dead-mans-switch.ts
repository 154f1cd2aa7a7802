import { createHash } from 'node:crypto'
import type { Scheduler } from '../aws/scheduler.ts'
import { canonicalProject } from '../model/names.ts'
import type { BuildRef } from '../records/keys.ts'

/** Another look at a build, because something could not be reported `since` then. */
export type Look = { since: string }

/** Invokes report at the latest moment at which a build can still run, unless it is cleared first. */
export type DeadMansSwitch = {
  /**
   * Sets the switch of a build, unless it is already set. With `look`, report is also invoked at another time: the switch stays unchanged,
   * and an earlier look is replaced.
   */
  set(build: BuildRef, at: Date, look?: Look): Promise<void>
  /** Sets the switch of a build to another time, even if it has fired. */
  move(build: BuildRef, at: Date): Promise<void>
  /** Clears the switch and the look. One that replaced another may stay: report finds nothing to do when it fires. */
  clear(build: BuildRef): Promise<void>
}

/** The function that the switch invokes, and the role with which it is invoked. */
export type SwitchTarget = { functionArn: string; roleArn: string }

/** A hash, because an owner and a repository alone can exceed the 64 characters of a schedule's name. */
export const switchName = ({ project, number }: BuildRef) =>
  `${createHash('sha256').update(canonicalProject(project)).digest('hex').slice(0, 32)}-${number}`

export const lookName = (build: BuildRef) => `${switchName(build)}-look`

/** How often a schedule is set under another name because the ones before have just fired or been deleted. */
const MOST_ATTEMPTS = 9

/** The name of a schedule carries its attempt from the second one on. */
const attemptName = (name: string, attempt: number) => (attempt === 1 ? name : `${name}-${attempt}`)

export function openDeadMansSwitch(scheduler: Scheduler, target: SwitchTarget): DeadMansSwitch {
  const schedule = (name: string, { project, number }: BuildRef, at: Date, look?: Look) =>
    scheduler.schedule({ ...target, name, at, event: { switch: { project, number, ...look } } })
  /** Deleting is not immediate: a name may still belong to a schedule that was deleted, or fired, a moment ago. */
  const replace = async (name: string, build: BuildRef, at: Date, look?: Look) => {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const next = attemptName(name, attempt)
      await scheduler.cancel(next)
      if (await schedule(next, build, at, look)) return
    }
    throw new Error(
      `No schedule can be set for ${build.project} #${build.number}: all of its names are taken`,
    )
  }
  return {
    set: async (build, at, look) => {
      if (look) await replace(lookName(build), build, at, look)
      else await schedule(switchName(build), build, at)
    },
    move: (build, at) => replace(switchName(build), build, at),
    clear: async build => {
      await Promise.all([switchName(build), lookName(build)].map(scheduler.cancel))
    },
  }
}
