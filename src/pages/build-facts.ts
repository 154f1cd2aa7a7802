import { html } from 'hono/html'
import type { Trust } from '../model/build.ts'
import { hasEnded } from '../model/conclusion.ts'
import { describeDuration } from '../model/duration.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { describeCounts } from '../model/tests.ts'
import { describeCost } from '../records/cost.ts'
import { hasJobList, type View } from '../records/view.ts'
import { durationOf } from '../records/wording.ts'
import type { BuildLinks } from './build-links.ts'
import { formatUtc, renderTime } from './time.ts'

type Fact = string | ReturnType<typeof html>

/** The rights of a build, in plain words (docs/security.md). */
const RIGHTS: Record<Trust, string> = {
  fork: 'of a fork: no secrets',
  branch: 'of a branch',
  protected: 'of a deploy branch',
}

/** Renders the facts of a build, with links to GitHub and to related builds. */
export function renderFacts(view: View, links: BuildLinks) {
  const { author, queuedAt, target, trust, tests, cost, deploys, manualStages, stage, runner } = view
  const { github } = links
  const name = author.login && author.login !== author.name ? `${author.name} (${author.login})` : author.name
  const facts: [string, Fact | null][] = [
    subjectOf(view, links),
    ['Commit', commitOf(view, links)],
    ['Author', linked(github.author, escapeControls(name))],
    ['Requested by', target?.by ?? null],
    ['Queued', renderTime(queuedAt)],
    ['Duration', describeElapsed(view)],
    ['Tests', tests && describeCounts(tests)],
    ['Cost', cost === null ? null : describeCost(cost)],
    ['Stage', deploys.length === 0 && manualStages.length === 0 ? stage : null],
    [deploys.length === 1 ? 'Stage' : 'Stages', describeDeploys(deploys)],
    ['Rights', RIGHTS[trust]],
    // If there are several jobs, each has its own.
    [
      'Runner',
      hasJobList(view) || !runner ? null : `${runner.memoryMb} MB, ${runner.architecture}, ${runner.start}`,
    ],
  ]
  const shown = facts.filter((fact): fact is [string, Fact] => fact[1] !== null)
  return html`<dl>${shown.map(([fact, value]) => html`<div><dt>${fact}</dt><dd>${value}</dd></div>`)}</dl>`
}

const linked = (href: string | null, text: Fact): Fact =>
  href === null ? text : html`<a href="${href}" rel="noreferrer">${text}</a>`

/** The branch, or the pull request with its source: `stranger:fix` if that is a fork. */
function subjectOf(view: View, { github }: BuildLinks): [string, Fact] {
  const { pullRequest, branch, checkoutBranch, isFork, cloneRepository } = view
  const name = escapeControls(checkoutBranch)
  if (pullRequest === null) return ['Branch', linked(github.branch, name)]
  const owner = isFork ? `${cloneRepository?.split('/')[0] ?? 'a deleted fork'}:` : ''
  const from = linked(github.branch, `${owner}${name}`)
  return [
    'Pull request',
    html`${linked(github.pullRequest, `#${pullRequest}`)}, ${from} into ${escapeControls(branch)}`,
  ]
}

/** The commit, with whether its head or its merge is tested for a pull request, and its changes for a push. */
function commitOf({ commit, merge, pullRequest, branch }: View, { github }: BuildLinks): Fact {
  const head = linked(github.commit, html`<code>${commit.slice(0, 10)}</code>`)
  if (merge !== null)
    return html`${head} merged into ${escapeControls(branch)} (<code>${merge.slice(0, 10)}</code>)`
  if (pullRequest !== null) return html`${head}, the head`
  return github.comparison === null ? head : html`${head} (${linked(github.comparison, 'changes')})`
}

/** The states of deploys, in words. */
const STATES: Record<View['deploys'][number]['status'], string> = {
  running: 'deploying',
  waiting: 'waits',
  succeeded: 'deployed',
  failed: 'deploy failed',
  cancelled: 'not deployed',
}

function describeDeploys(deploys: View['deploys']): Fact | null {
  if (deploys.length === 0) return null
  return html`${deploys.map(({ stage, status, reason, url }, index) => {
    const why = reason ? `: ${escapeControls(reason.slice(0, 1).toLowerCase() + reason.slice(1))}` : ''
    return html`${index === 0 ? '' : ', '}${linked(url, stage)} ${STATES[status]}${why}`
  })}`
}

/** How long it took, or has taken so far; null before its start. */
export function describeElapsed(view: View): Fact | null {
  const duration = durationOf(view)
  if (duration !== null) return describeDuration(duration)
  return view.startedAt && !hasEnded(view.status)
    ? html`<span data-since="${view.startedAt}">since ${formatUtc(view.startedAt)}</span>`
    : null
}
