import { createHash } from 'node:crypto'
import { stripVTControlCharacters } from 'node:util'
import { html, raw } from 'hono/html'
import { describeCost } from '../build/cost.ts'
import { describeDuration, describeOutcome, durationOf, isRed } from '../build/outcome.ts'
import { hasEnded } from '../build/result.ts'
import type { View } from '../build/view.ts'
import { repositoryOf } from '../job/job.ts'

/** What the page shows; `logText` is the end of the log, `links` lead to all of it. */
export type PageParts = { view: View; logText: string; links: { whole: string; live: string } }

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #353b45); --soft: light-dark(#59636e, #9aa4b0);
  --green: light-dark(#1a7f37, #3fb950); --red: light-dark(#c62828, #ff7b72); --blue: light-dark(#0b62c4, #6cb6ff);
  --paper: light-dark(#ffffff, #14171c); --inset: light-dark(#f5f7f9, #0c0e12) }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; background: var(--paper) }
h1 { font-size: 1.4rem; margin: 0 0 .25rem } a { color: var(--blue) }
.outcome { font-weight: 600; margin: 0 0 1.25rem; overflow-wrap: anywhere }
.passed, .deploying { color: var(--green) } .red { color: var(--red) } .queued, .running { color: var(--blue) }
.skipped, .cancelled { color: var(--soft) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 0 0 1.25rem }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
pre { background: var(--inset); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; overflow-x: auto;
  font: 13px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
`
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** The page runs nothing and loads nothing: whatever a log or a commit message says, it stays text. */
export const PAGE_HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  // A private page's key must not travel on with a click.
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

const RELOAD_SECONDS = 3

/** A build as one plain page that reloads itself while the build goes on. */
export function renderBuildPage({ view, logText, links }: PageParts) {
  const repository = repositoryOf(view.project)
  const reload = hasEnded(view.status) ? '' : html`<meta http-equiv="refresh" content="${RELOAD_SECONDS}">`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${reload}
<title>${view.status} · ${repository} #${view.number}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<h1>${repository} #${view.number}</h1>
<p class="outcome ${isRed(view) ? 'red' : view.status}">${describeOutcome(view)}</p>
<dl>${factsOf(view).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<p>The end of the log (<a href="${hasEnded(view.status) ? links.whole : links.live}">all of it</a>):</p>
<pre tabindex="0" aria-label="Log">${stripVTControlCharacters(logText)}</pre>
</main>
</body>
</html>`
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
