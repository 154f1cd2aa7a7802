import { stripVTControlCharacters } from 'node:util'
import { html } from 'hono/html'
import { describeCost } from '../build/cost.ts'
import { describeDuration, describeOutcome, durationOf, isRed } from '../build/outcome.ts'
import { hasEnded } from '../build/result.ts'
import type { View } from '../build/view.ts'
import { repositoryOf } from '../job/job.ts'
import { renderFrame } from './frame.ts'

/** What the page shows; `logText` is the end of the log, `links` lead to all of it. */
export type PageParts = {
  view: View
  logText: string
  links: { whole: string; live: string; repository?: string }
}

const RELOAD_SECONDS = 3

/** A build as one plain page that reloads itself while the build goes on. */
export function renderBuildPage({ view, logText, links }: PageParts) {
  const repository = repositoryOf(view.project)
  const content = html`
<h1>${links.repository ? html`<a href="${links.repository}">${repository}</a>` : repository} #${view.number}</h1>
<p class="outcome ${isRed(view) ? 'red' : view.status}">${describeOutcome(view)}</p>
<dl>${factsOf(view).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<p>The end of the log (<a href="${hasEnded(view.status) ? links.whole : links.live}">all of it</a>):</p>
<pre tabindex="0" aria-label="Log">${stripVTControlCharacters(logText)}</pre>`
  const reloadSeconds = hasEnded(view.status) ? undefined : RELOAD_SECONDS
  return renderFrame({ title: `${view.status} · ${repository} #${view.number}`, reloadSeconds }, content)
}

function factsOf(view: View): [string, string][] {
  const duration = durationOf(view)
  const facts: [string, string | null][] = [
    ['Branch', view.pullRequest === null ? view.checkoutBranch : null],
    [
      'Pull request',
      view.pullRequest === null ? null : `#${view.pullRequest}, ${view.checkoutBranch} into ${view.branch}`,
    ],
    ['Commit', `${view.commit.slice(0, 10)} ${view.message.split('\n')[0]}`],
    ['Author', view.author.name],
    ['Trust', view.trust],
    ['Queued', view.queuedAt],
    ['Duration', duration === null ? null : describeDuration(duration)],
    ['Cost', view.cost === null ? null : describeCost(view.cost)],
    [
      'Stage',
      view.deploy &&
        `${view.deploy.stage}: ${view.deploy.status}${view.deploy.reason ? `, ${view.deploy.reason}` : ''}`,
    ],
  ]
  return facts.filter((fact): fact is [string, string] => fact[1] !== null)
}
