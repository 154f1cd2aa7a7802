import { projectOnRecord } from '../../account/find-project.ts'
import { describeDuration } from '../../model/duration.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import { buildsOf, takeBuilds } from '../../records/builds.ts'
import { describeCost } from '../../records/cost.ts'
import { lastNumber } from '../../records/counter.ts'
import { jsonOf } from '../../records/json-view.ts'
import { isCountedFromStart, listMonths, type Month } from '../../records/spend.ts'
import type { Store } from '../../records/store.ts'
import { hasJobList, type View } from '../../records/view.ts'
import { durationOf, isRed } from '../../records/wording.ts'
import { describeMoment } from '../describe-moment.ts'
import { type Io, jsonText, printLine, printNote, type Style, styleFor } from '../io.ts'
import { type Cell, tableOf } from '../table.ts'
import type { StackOptions } from './find-stack.ts'
import { openRepository } from './open-target.ts'

export type BuildsOptions = StackOptions & { limit: number; branch?: string; json?: boolean; cost?: boolean }

/** The newest builds that are searched for those of a branch. */
const MAX_SEARCHED = 1000

/** `lambci builds`: prints the newest builds of a repository or, with `cost`, what all builds of each month have cost. */
export async function printBuilds(
  target: string | undefined,
  options: BuildsOptions,
  io: Io,
): Promise<number> {
  const { branch, json } = options
  using opened = await openRepository(target, options, io)
  const { repository, stack } = opened
  const { store } = stack
  const project = await projectOnRecord(store, repository)
  if (options.cost) return printCosts(store, project, { ...options, repository }, io)
  const { views, searched, isCut } = await searchBuilds(store, project, options)
  if (json) printLine(io, jsonText(views.map(jsonOf)))
  else if (views.length === 0) printLine(io, describeNone(repository, branch, searched))
  else printLine(io, describeAll(views, styleFor(io)))
  if (isCut && (json || views.length > 0))
    printNote(io, `Only the newest ${MAX_SEARCHED} builds were searched.`)
  return 0
}

type Search = { branch?: string; limit: number }

/** The newest builds. For a branch, searches no more than `most` builds. `isCut`: there may be more of them. */
export async function searchBuilds(
  store: Store,
  project: string,
  { branch, limit }: Search,
  most = MAX_SEARCHED,
): Promise<{ views: View[]; searched: number; isCut: boolean }> {
  let [searched, oldest] = [0, 1]
  const fits = (view: View) => {
    searched += 1
    oldest = view.number
    return branch === undefined || view.branch === branch
  }
  const builds = buildsOf(store, project, await lastNumber(store, project))
  const views = await takeBuilds(builds, fits, { limit, most: branch === undefined ? limit : most })
  return { views, searched, isCut: views.length < limit && oldest > 1 }
}

type CostOptions = { branch?: string; json?: boolean; repository: string }

async function printCosts(
  store: Store,
  project: string,
  { branch, json, repository }: CostOptions,
  io: Io,
): Promise<number> {
  const months = await costsOf(store, project, branch)
  const on = branch === undefined ? '' : ` on branch ${escapeControls(branch)}`
  if (json) printLine(io, jsonText(months))
  else if (months.length === 0) printLine(io, `No build of ${repository}${on} has ended yet.`)
  else printLine(io, describeMonths(months, styleFor(io)))
  return 0
}

/**
 * The costs of all ended builds by month. Builds are read one by one where report has not added them up: for one branch, and for a
 * repository whose first builds ended under a version that did not.
 */
export async function costsOf(store: Store, project: string, branch?: string): Promise<Month[]> {
  if (branch === undefined && (await isCountedFromStart(store, project))) return listMonths(store, project)
  return monthsOf(buildsOf(store, project, await lastNumber(store, project)), branch)
}

/** Why the list is empty: there are no builds at all, or none of the `searched` ones matches the filter. */
function describeNone(repository: string, branch: string | undefined, searched: number): string {
  if (searched === 0) return `There is no build of ${repository} yet.`
  const builds = searched < MAX_SEARCHED ? 'No build' : `None of the newest ${MAX_SEARCHED} builds`
  return `${builds} of ${repository} matches --branch ${escapeControls(branch ?? '')}.`
}

const MAX_BRANCH_LENGTH = 20
const MAX_MESSAGE_LENGTH = 50

const HEADERS = ['BUILD', 'STATUS', 'JOBS', 'QUEUED (UTC)', 'TOOK', 'COST', 'BRANCH', 'MESSAGE']

const describeAll = (views: readonly View[], style: Style): string =>
  tableOf(HEADERS, views.map(cellsOf), style)

/** How many jobs have passed, if there are several. */
const describeJobs = (view: View) =>
  hasJobList(view)
    ? `${view.jobs.filter(({ status }) => status === 'passed').length}/${view.jobs.length} jobs`
    : ''

/** The colour of a build's status. */
export const colorOf = (view: View): 'red' | 'green' | 'yellow' =>
  isRed(view) ? 'red' : view.status === 'passed' ? 'green' : 'yellow'

/** The row of a build. Control characters are escaped, because anyone can choose a branch name or commit message. */
function cellsOf(view: View): Cell[] {
  const { number, status, queuedAt, pullRequest, branch, message, cost, repeats, rebuildOf } = view
  const duration = durationOf(view)
  const subject =
    repeats === null ? (message.split('\n')[0] ?? '') : `only repeats ${repeats.job} of #${rebuildOf}`
  return [
    `#${number}`,
    { text: status, color: colorOf(view) },
    describeJobs(view),
    describeMoment(queuedAt),
    duration === null ? '' : describeDuration(duration),
    cost === null ? '' : describeCost(cost),
    escapeControls((pullRequest === null ? branch : `pull #${pullRequest}`).slice(0, MAX_BRANCH_LENGTH)),
    escapeControls(subject.slice(0, MAX_MESSAGE_LENGTH)),
  ]
}

async function monthsOf(views: AsyncIterable<View>, branch: string | undefined): Promise<Month[]> {
  const months = new Map<string, Month>()
  for await (const view of views) {
    if ((branch !== undefined && view.branch !== branch) || view.endedAt === null) continue
    const month = view.queuedAt.slice(0, 7)
    const { builds, cost } = months.get(month) ?? { builds: 0, cost: 0 }
    months.set(month, { month, builds: builds + 1, cost: cost + (view.cost ?? 0) })
  }
  return [...months.values()].toSorted((one, other) => (one.month < other.month ? 1 : -1))
}

const describeMonths = (months: readonly Month[], style: Style) =>
  tableOf(
    ['MONTH', 'BUILDS', 'COST'],
    months.map(({ month, builds, cost }) => [month, String(builds), describeCost(cost)]),
    style,
  )
