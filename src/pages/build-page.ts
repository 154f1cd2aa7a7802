import { stripVTControlCharacters } from 'node:util'
import { html } from 'hono/html'
import { hasEnded } from '../model/conclusion.ts'
import type { View } from '../records/view.ts'
import { iconOf } from './icon.ts'
import { renderLayout } from './layout.ts'
import { renderSummary, titleOf } from './summary.ts'

export type PageParts = {
  view: View
  /** The end of the log. */
  logText: string
  links: { whole: string; download: string; live: string; repository: string }
}

const RELOAD_SECONDS = 3

/**
 * Renders the page of a build. Its script shows the whole log as it grows. Without scripts, the page shows the end of
 * the log as plain text and reloads itself until the build has ended.
 */
export function renderBuildPage({ view, logText, links }: PageParts) {
  const hasLog = hasEnded(view.status)
  const content = html`
${renderSummary(view, links.repository)}
<div id="bar">
<form class="script-only" role="search"><label class="visually-hidden" for="search">Search the log</label><input id="search" type="search" placeholder="Search (press /)" autocomplete="off"><button type="button" data-step="-1" aria-label="Previous" title="Previous (Shift+Enter)">↑</button><button aria-label="Next" title="Next (Enter)">↓</button><output for="search"></output></form>
<span class="buttons script-only"><button type="button" data-do="first-error" hidden>First error</button><button type="button" data-do="start">Start</button><button type="button" data-do="end">End</button><button type="button" data-do="wrap" aria-pressed="true">Wrap</button></span>
<span class="links"><a href="${hasLog ? links.whole : links.live}">Raw log</a> <a href="${hasLog ? links.download : links.live}">Download</a></span>
</div>
<p class="soft no-script-only">End of the log:</p>
<div id="log" class="wrap" role="region" aria-label="Log" tabindex="0"><pre>${stripVTControlCharacters(logText)}</pre></div>`
  const reloadSeconds = hasEnded(view.status) ? undefined : RELOAD_SECONDS
  return renderLayout({ title: titleOf(view), icon: iconOf(view), script: { reloadSeconds } }, content)
}
