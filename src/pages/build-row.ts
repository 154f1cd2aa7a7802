import { html } from 'hono/html'
import { hasEnded } from '../model/conclusion.ts'
import { describeDuration } from '../model/duration.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { describeCost } from '../records/cost.ts'
import type { View } from '../records/view.ts'
import { describeConclusion, durationOf, isRed } from '../records/wording.ts'
import { colorOf } from './icon.ts'
import { stateIcon } from './state-icon.ts'
import { renderTime } from './time.ts'

/** The state of a build in a word or two: a failed deploy outweighs passed tests. */
export const stateOf = (view: Pick<View, 'status' | 'isFlaky' | 'deploy'>): string =>
  view.deploy?.status === 'failed' ? 'deploy failed' : describeConclusion(view)

/** `master`; for a pull request `#12 ada:fix`, even from a fork. */
export const subjectOf = ({ pullRequest, branch, checkoutBranch }: View): string =>
  pullRequest === null ? branch : `#${pullRequest} ${checkoutBranch}`

/** A build as a row of a list: its state, the first line of its message, and its facts. The whole row is its link. */
export function renderBuildRow(view: View, link: string) {
  const { number, message, author, commit, cost, jobs, queuedAt, reason, repeats, rebuildOf } = view
  const duration = durationOf(view)
  const facts = [
    subjectOf(view),
    author.name,
    repeats === null ? null : `only repeats ${repeats.job} of #${rebuildOf}`,
    jobs.length > 1 ? `${jobs.length} jobs` : null,
    cost === null ? null : describeCost(cost),
    describeDeploys(view),
  ].filter(fact => fact !== null)
  const time = duration === null ? runningFor(view) : describeDuration(duration)
  return html`<li class="row">
<span class="${colorOf(view)}">${stateIcon(view.status)}<span class="state">${stateOf(view)}</span></span>
<div><p><a class="cover" href="${link}"><b class="number">#${number}</b> ${escapeControls(message.split('\n')[0] ?? '')}</a></p>
<p class="soft">${facts.map(escapeControls).join(' · ')} · <code>${commit.slice(0, 7)}</code></p>${isRed(view) && reason ? html`<p class="red reason">${escapeControls(reason)}</p>` : ''}</div>
<p class="soft when">${renderTime(queuedAt)}${time === null ? '' : html`<br><span class="soft"> · </span>${time}`}</p>
</li>`
}

/** `deployed to staging and production`, or the state of its deploy. */
function describeDeploys({ deploy, deploys }: View): string | null {
  const stages = deploys.flatMap(({ status, stage }) => (status === 'succeeded' ? [stage] : []))
  if (deploy?.status === 'cancelled') return `not deployed to ${deploy.stage}`
  if (deploy && deploy.status !== 'succeeded') return `${deploy.stage}: deploy ${deploy.status}`
  return stages.length > 0 ? `deployed to ${stages.join(' and ')}` : null
}

const runningFor = (view: View) =>
  view.startedAt && !hasEnded(view.status) ? html`<span data-since="${view.startedAt}">running</span>` : null
