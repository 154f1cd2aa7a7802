import { html } from 'hono/html'
import { hasEnded } from '../model/conclusion.ts'
import { describeDuration } from '../model/duration.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { describeCounts } from '../model/tests.ts'
import { describeCost } from '../records/cost.ts'
import { describeFailure, headingOf } from '../records/failure-wording.ts'
import { jobPath } from '../records/links.ts'
import { hasJobList, onlyJobIn, type View } from '../records/view.ts'
import {
  approveCommandOf,
  deployCommandsOf,
  describeConclusion,
  describeStatus,
  durationOf,
} from '../records/wording.ts'
import type { BuildLinks } from './build-links.ts'
import { colorOf, iconOf } from './icon.ts'
import { phasesOf, renderPhases } from './phases.ts'
import { identityOf, leadLogOf, type ShownLog } from './shown-log.ts'
import { formatUtc } from './time.ts'

/** The title of a build's page. A failed deploy takes precedence over passed tests. */
export function titleOf(view: View): string {
  const state = view.deploy?.status === 'failed' ? 'deploy failed' : describeConclusion(view)
  return `${state} · ${view.repository} #${view.number}`
}

/**
 * Renders the head of a build's page: its facts, status and times. The page's script refreshes it, and learns from it how the
 * shown log stands.
 */
export function renderSummary(
  view: View,
  links: Pick<BuildLinks, 'repository' | 'retried' | 'withKey'>,
  shown: ShownLog = leadLogOf(view),
) {
  const { repository } = view
  const color = colorOf(view)
  return html`<section id="summary" data-title="${titleOf(view)}" data-icon="${iconOf(view)}" data-ended="${String(hasEnded(view.status))}" data-log="${identityOf(shown)}" data-red="${String(shown.isRed)}" data-over="${String(shown.isOver)}">
<h1><a href="${links.repository}">${repository}</a> #${view.number}</h1>
<p class="status ${color}" role="status">${describeStatus(view)}</p>
${renderFailure(view, links, shown)}
<p class="message">${view.message.split('\n')[0]}</p>
<dl>${factsOf(view, links.retried).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${hasJobList(view) ? '' : renderPhases(phasesOf(view))}
</section>`
}

/** What made the build red, with a link to its line in the log. */
function renderFailure(view: View, { withKey }: Pick<BuildLinks, 'withKey'>, shown: ShownLog) {
  const { failure } = view
  if (!failure) return ''
  const heading = headingOf(failure)
  const { logLine } = failure
  const key = hasJobList(view) ? (failure.key ?? onlyJobIn(view.jobs)?.key ?? null) : null
  const excerpt = failure.excerpt.map(line => escapeControls(line.replaceAll('\t', '    '))).join('\n')
  const isShown = key === null || key === shown.job?.key
  const page = isShown ? '' : withKey(jobPath(view, key))
  const link =
    logLine === null
      ? ''
      : html`<p class="soft"><a href="${page}#L${logLine}">Line ${logLine} of the log</a></p>`
  return html`<section id="failure" aria-label="${heading}"><h2>${escapeControls(describeFailure(failure) ?? heading)}</h2>${excerpt === '' ? '' : html`<pre tabindex="0">${excerpt}</pre>`}${link}</section>`
}

type Fact = string | ReturnType<typeof html>

function factsOf(view: View, retried: string | null): [string, Fact][] {
  const { pullRequest, checkoutBranch, branch, deploys, manualStages, author, runner } = view
  const facts: [string, Fact | null][] = [
    ['Branch', pullRequest === null ? checkoutBranch : null],
    ['Pull request', pullRequest === null ? null : `#${pullRequest}, ${checkoutBranch} into ${branch}`],
    ['Commit', commitOf(view)],
    [
      'Author',
      author.login && author.login !== author.name ? `${author.name} (${author.login})` : author.name,
    ],
    ['Requested by', view.target?.by ?? null],
    ['Trust', view.trust],
    ['To approve it', view.status === 'waiting' ? html`<code>${approveCommandOf(view)}</code>` : null],
    [
      view.retryOf === null ? 'Rebuild of' : 'Retry of',
      retried === null ? null : html`<a href="${retried}">#${view.retryOf ?? view.rebuildOf}</a>`,
    ],
    ['Queued', html`<time datetime="${view.queuedAt}">${formatUtc(view.queuedAt)}</time>`],
    ['Duration', describeDurationOf(view)],
    ['Tests', view.tests && describeCounts(view.tests)],
    ['Cost', view.cost === null ? null : describeCost(view.cost)],
    ['Stage', deploys.length === 0 && manualStages.length === 0 ? view.stage : null],
    ...deploys.map(({ stage, status, reason }): [string, string] => [
      'Stage',
      `${stage}: ${status}${reason ? `, ${reason}` : ''}`,
    ]),
    ...deployCommandsOf(view).map((command): [string, Fact] => [
      'To deploy it',
      html`<code>${command}</code>`,
    ]),
    // Each of several jobs has its own.
    [
      'Runner',
      hasJobList(view) ? null : runner && `${runner.memoryMb} MB, ${runner.architecture}, ${runner.start}`,
    ],
  ]
  return facts.filter((fact): fact is [string, Fact] => fact[1] !== null)
}

/** Of a pull request, whether its head or its merge is tested. */
function commitOf({ commit, merge, pullRequest, branch }: View): Fact {
  const head = html`<code>${commit.slice(0, 10)}</code>`
  if (merge !== null) return html`${head} merged into ${branch} (<code>${merge.slice(0, 10)}</code>)`
  return pullRequest === null ? head : html`${head}, the head`
}

function describeDurationOf(view: View): Fact | null {
  const duration = durationOf(view)
  if (duration !== null) return describeDuration(duration)
  return view.startedAt && !hasEnded(view.status)
    ? html`<span data-since="${view.startedAt}">since ${formatUtc(view.startedAt)}</span>`
    : null
}
