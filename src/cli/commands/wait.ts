import { setTimeout as sleep } from 'node:timers/promises'
import { projectOnRecord } from '../../account/find-project.ts'
import { UserError } from '../../model/user-error.ts'
import { countStates } from '../../records/job-wording.ts'
import { jsonOf } from '../../records/json-view.ts'
import type { BuildRef } from '../../records/keys.ts'
import { hasJobList, type View } from '../../records/view.ts'
import { describeStatus, isRed } from '../../records/wording.ts'
import { EXIT } from '../exit-codes.ts'
import { type Io, jsonText, printLine, printNote, printProgress, styleFor } from '../io.ts'
import { searchBuilds } from './builds.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { exitCodeOf, watchToEnd } from './follow.ts'
import type { FoundStack } from './found-stack.ts'
import { describeBuild } from './local-text.ts'
import { printFailure } from './print-failure.ts'
import { commitHere, repositoryHere } from './repository-here.ts'
import { findBuild, namesBuild } from './targets.ts'

/** `timeout` in seconds. */
export type WaitOptions = StackOptions & { timeout: number; json?: boolean }

/** How many of the newest builds are searched for that of a commit. */
const MOST_SEARCHED = 30
/** How long a build that is named by its number may take to begin. */
const APPEAR_MS = 10_000
const SHORTEST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5000

/** Short at first, and longer for long builds, because each look takes several requests to the bucket. */
const pauseMs = (elapsedMs: number) => Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS + elapsedMs / 20)

/**
 * `lambci wait`: waits until a build has ended, without its log; by default the build of the commit that is checked out, which may
 * not have begun. Returns the exit code of the build.
 */
export async function waitForBuild(word: string | undefined, options: WaitOptions, io: Io): Promise<number> {
  using stack = await findStack(options, io)
  const deadline = Date.now() + options.timeout * 1000
  const build = await (word === undefined
    ? findBuildOfCommit(stack, deadline, io)
    : findBuildSoon(stack, word, deadline, io))
  const onView = (view: View) => printProgress(io, describeProgress(view))
  const view = build && (await watchToEnd(stack.store, build, { deadline, pauseMs, onView }))
  printProgress(io, '')
  if (!view) {
    const subject = build ? `Build #${build.number} has not ended` : 'There is no build of this commit'
    printNote(io, `lambci: ${subject} after ${options.timeout} seconds.`)
    return EXIT.late
  }
  printLine(io, options.json ? jsonText(jsonOf(view)) : describeBuild(view, styleFor(io)))
  printFailure(view, io)
  if (isRed(view)) printNote(io, `To print its log: lambci logs ${view.repository}#${view.number}`)
  return exitCodeOf(view)
}

/** A build that GitHub was about to request when the command was typed. @throws UserError if it is not there in time */
async function findBuildSoon(stack: FoundStack, word: string, deadline: number, io: Io): Promise<BuildRef> {
  const latest = Math.min(deadline, Date.now() + APPEAR_MS)
  for (;;) {
    try {
      return await findBuild(stack, word, io)
    } catch (error) {
      if (!(error instanceof UserError) || !namesBuild(word) || Date.now() >= latest) throw error
    }
    await sleep(SHORTEST_PAUSE_MS)
  }
}

const describeProgress = (view: View) => {
  const jobs = hasJobList(view) ? `, ${countStates(view.jobs)}` : ''
  return `#${view.number} of ${view.repository}: ${describeStatus(view)}${jobs}`
}

/** The newest build of the commit that is checked out, once there is one. Null if there is none by the deadline. */
async function findBuildOfCommit(stack: FoundStack, deadline: number, io: Io): Promise<BuildRef | null> {
  const [repository, commit] = [await repositoryHere(stack, io), await commitHere(io)]
  if (commit === null)
    throw new UserError('Nothing is committed in this working copy. Name a build: owner/repo#12.')
  const began = Date.now()
  for (;;) {
    const project = await projectOnRecord(stack.store, repository)
    const { views } = await searchBuilds(stack.store, project, { limit: MOST_SEARCHED })
    const found = views.find(view => view.commit === commit && view.repeats === null)
    if (found) return { project, number: found.number }
    const left = deadline - Date.now()
    if (left <= 0) return null
    printProgress(io, `Waiting for a build of ${commit.slice(0, 10)} in ${repository}`)
    await sleep(Math.min(left, pauseMs(Date.now() - began)))
  }
}
