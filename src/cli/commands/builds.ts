import { projectOnRecord } from '../../account/find-project.ts'
import { describeDuration } from '../../model/duration.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import { buildsOf, takeBuilds } from '../../records/builds.ts'
import { describeCost } from '../../records/cost.ts'
import { lastNumber } from '../../records/counter.ts'
import type { View } from '../../records/view.ts'
import { durationOf, isRed } from '../../records/wording.ts'
import { type Io, printLine, type Style, styleFor } from '../io.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { parseRepository } from './targets.ts'

export type BuildsOptions = StackOptions & { limit: number; branch?: string; json?: boolean; cost?: boolean }

/** The newest builds that are searched for those of a branch, or added up by month. */
const MAX_SEARCHED = 1000

/** `lambci builds`: prints the newest builds of a repository or, with `cost`, the cost of each month. */
export async function printBuilds(target: string, options: BuildsOptions, io: Io): Promise<number> {
  const repository = parseRepository(target)
  const { branch, limit, json, cost } = options
  using stack = await findStack(options, io.env)
  const { store } = stack
  const project = await projectOnRecord(store, repository)
  let searched = 0
  const fits = (view: View) => {
    searched += 1
    return branch === undefined || view.branch === branch
  }
  const bounds = { limit: cost ? MAX_SEARCHED : limit, most: MAX_SEARCHED }
  const views = await takeBuilds(buildsOf(store, project, await lastNumber(store, project)), fits, bounds)
  if (json) printLine(io, JSON.stringify(cost ? monthsOf(views) : views))
  else if (views.length === 0) printLine(io, describeNone(repository, options, searched))
  else
    printLine(
      io,
      cost ? describeMonths(monthsOf(views)) : views.map(view => describe(view, styleFor(io))).join('\n'),
    )
  return 0
}

/** Why the list is empty: there are no builds at all, or none of the `searched` ones matches the filter. */
function describeNone(repository: string, { branch }: BuildsOptions, searched: number): string {
  if (searched === 0) return `There is no build of ${repository} yet.`
  const builds = searched < MAX_SEARCHED ? 'No build' : `None of the newest ${MAX_SEARCHED} builds`
  return `${builds} of ${repository} matches --branch ${escapeControls(branch ?? '')}.`
}

const MAX_MESSAGE_LENGTH = 50

/**
 * One line for a build. Control characters are escaped, because anyone can choose a branch name or commit message.
 */
function describe(view: View, style: Style): string {
  const { number, status, queuedAt, pullRequest, branch, message, cost } = view
  const color = isRed(view) ? 'red' : status === 'passed' ? 'green' : 'yellow'
  const duration = durationOf(view)
  const cells = [
    `#${number}`.padEnd(6),
    style(color, status.padEnd(9)),
    queuedAt.slice(0, 16).replace('T', ' '),
    (duration === null ? '' : describeDuration(duration)).padEnd(12),
    (cost === null ? '' : describeCost(cost)).padEnd(9),
    escapeControls((pullRequest === null ? branch : `pull #${pullRequest}`).slice(0, 20)).padEnd(20),
    escapeControls((message.split('\n')[0] ?? '').slice(0, MAX_MESSAGE_LENGTH)),
  ]
  return cells.join('  ').trimEnd()
}

type Month = { month: string; builds: number; cost: number }

/** The total cost of the builds of each month, newest month first. */
function monthsOf(views: readonly View[]): Month[] {
  const months = Map.groupBy(views, ({ queuedAt }) => queuedAt.slice(0, 7))
  return [...months].map(([month, builds]) => ({
    month,
    builds: builds.length,
    cost: builds.reduce((sum, view) => sum + (view.cost ?? 0), 0),
  }))
}

const describeMonths = (months: readonly Month[]) =>
  months
    .map(({ month, builds, cost }) => `${month}  ${String(builds).padStart(5)} builds  ${describeCost(cost)}`)
    .join('\n')
