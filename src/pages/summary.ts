import { html } from 'hono/html'
import { hasEnded } from '../model/conclusion.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { isNamed } from '../model/failure.ts'
import { describeFailure, headingOf } from '../records/failure-wording.ts'
import { jobPath } from '../records/links.ts'
import { hasJobList, onlyJobIn, type View } from '../records/view.ts'
import { describeStatus } from '../records/wording.ts'
import { renderCommands } from './build-commands.ts'
import { describeElapsed, renderFacts } from './build-facts.ts'
import type { BuildLinks } from './build-links.ts'
import { stateOf } from './build-row.ts'
import { colorOf, iconOf } from './icon.ts'
import { phasesOf, renderPhases } from './phases.ts'
import { identityOf, leadLogOf, type ShownLog } from './shown-log.ts'
import { stateIcon } from './state-icon.ts'

/** The title of a build's page. A failed deploy takes precedence over passed tests. */
export const titleOf = (view: View): string => `${stateOf(view)} · ${view.repository} #${view.number}`

/**
 * Renders the head of a build's page: its facts, status and times. The page's script refreshes it, and reads the shown log's state from
 * it.
 */
export function renderSummary(view: View, links: BuildLinks, shown: ShownLog = leadLogOf(view)) {
  const [subject = '', ...rest] = view.message.trim().split('\n')
  const body = rest.join('\n').trim()
  return html`<section id="summary" data-title="${titleOf(view)}" data-icon="${iconOf(view)}" data-ended="${String(hasEnded(view.status))}" data-log="${identityOf(shown)}" data-red="${String(shown.isRed)}" data-over="${String(shown.isOver)}">
<h1><span class="${colorOf(view)}">${stateIcon(view.status)}</span> ${escapeControls(subject)} <span class="soft">#${view.number}</span></h1>
${body === '' ? '' : html`<details class="message"><summary>The whole message</summary><pre>${escapeControls(subject)}\n\n${body.split('\n').map(escapeControls).join('\n')}</pre></details>`}
<p class="status ${colorOf(view)}" role="status">${describeStatus(view)}</p>
${renderFailure(view, links, shown)}
${renderFacts(view, links)}
${hasJobList(view) ? '' : renderPhases(phasesOf(view))}
${renderCommands(view)}
</section>`
}

/** Renders the state of the build, in the bar that stays on the screen. */
export const renderStanding = (view: View) =>
  html`<a id="standing" class="${colorOf(view)}" href="#summary">${stateIcon(view.status)} #${view.number} ${stateOf(view)} ${describeElapsed(view) ?? ''}</a>`

/** The name of the failure; otherwise the job and the heading of the excerpt. */
const titleOfFailure = (failure: NonNullable<View['failure']>, heading: string): string =>
  isNamed(failure)
    ? (describeFailure(failure) ?? heading)
    : [failure.job, heading].filter(part => part !== null).join(': ')

/** The cause of a red build, with a link to its line in the log. */
function renderFailure(view: View, { withKey, github }: BuildLinks, shown: ShownLog) {
  const { failure } = view
  if (!failure) return ''
  const heading = headingOf(failure)
  const { logLine } = failure
  const key = hasJobList(view) ? (failure.key ?? onlyJobIn(view.jobs)?.key ?? null) : null
  const excerpt = failure.excerpt.map(line => escapeControls(line.replaceAll('\t', '    '))).join('\n')
  const isShown = key === null || key === shown.job?.key
  const page = isShown ? '' : withKey(jobPath(view, key))
  const { file, line } = failure
  const links = [
    logLine === null ? '' : html`<a href="${page}#L${logLine}">Line ${logLine} of the log</a>`,
    file === null ? '' : html`<a href="${github.placeIn(file, line)}" rel="noreferrer">The source</a>`,
  ]
  return html`<section id="failure" aria-label="${heading}"><h2>${escapeControls(titleOfFailure(failure, heading))}</h2>${excerpt === '' ? '' : html`<pre tabindex="0">${excerpt}</pre>`}${failure.advice ? html`<p>${escapeControls(failure.advice)}</p>` : ''}<p class="links">${links}</p></section>`
}
