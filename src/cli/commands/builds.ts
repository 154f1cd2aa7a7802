import { styleText } from 'node:util'
import { describeDuration } from '../../model/duration.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import { buildsOf, takeBuilds } from '../../records/builds.ts'
import { describeCost } from '../../records/cost.ts'
import { lastNumber } from '../../records/counter.ts'
import type { View } from '../../records/view.ts'
import { durationOf, isRed } from '../../records/wording.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { projectOf } from './targets.ts'

export type BuildsOptions = StackOptions & { limit: number; branch?: string; json?: boolean; cost?: boolean }

/** How many are looked at for a branch's, or for the months' sums. */
const LOOKED_AT = 1000

/** `lambci builds`: the newest builds of a repository as a table or, with `cost`, what its months have cost. */
export async function printBuilds(repository: string, options: BuildsOptions): Promise<number> {
  const project = projectOf(repository)
  const { branch, limit, json, cost } = options
  const { store } = await findStack(options)
  const fits = (view: View) => branch === undefined || view.branch === branch
  const wanted = { limit: cost ? LOOKED_AT : limit, most: LOOKED_AT }
  const views = await takeBuilds(buildsOf(store, project, await lastNumber(store, project)), fits, wanted)
  if (cost) console.log(json ? JSON.stringify(monthsOf(views)) : describeMonths(monthsOf(views)))
  else if (json) console.log(JSON.stringify(views))
  else
    console.log(views.length > 0 ? views.map(describe).join('\n') : `There is no build of ${repository} yet.`)
  return 0
}

const SHOWN_MESSAGE = 50

/** One build on one line; names that strangers chose stay on it. */
function describe(view: View): string {
  const { number, status, queuedAt, pullRequest, branch, message, cost } = view
  const color = isRed(view) ? 'red' : status === 'passed' ? 'green' : 'yellow'
  const duration = durationOf(view)
  const cells = [
    `#${number}`.padEnd(6),
    // Only on a terminal that shows it.
    styleText(color, status.padEnd(9), { stream: process.stdout }),
    queuedAt.slice(0, 16).replace('T', ' '),
    (duration === null ? '' : describeDuration(duration)).padEnd(12),
    (cost === null ? '' : describeCost(cost)).padEnd(9),
    escapeControls((pullRequest === null ? branch : `pull #${pullRequest}`).slice(0, 20)).padEnd(20),
    escapeControls((message.split('\n')[0] ?? '').slice(0, SHOWN_MESSAGE)),
  ]
  return cells.join('  ').trimEnd()
}

type Month = { month: string; builds: number; cost: number }

/** What the builds of each month have cost together, newest first. */
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
