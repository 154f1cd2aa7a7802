import { stripVTControlCharacters } from 'node:util'
import { html } from 'hono/html'
import { hasEnded } from '../model/conclusion.ts'
import type { View } from '../records/view.ts'
import { type ListedArtifacts, renderArtifacts } from './artifact-list.ts'
import type { BuildLinks } from './build-links.ts'
import { iconOf } from './icon.ts'
import { renderJobList, renderShown } from './job-list.ts'
import { renderLayout } from './layout.ts'
import type { ShownLog } from './shown-log.ts'
import { renderSummary, titleOf } from './summary.ts'

export type PageParts = {
  view: View
  shown: ShownLog
  /** The end of the log. */
  logText: string
  links: BuildLinks
  /** Absent for none. */
  artifacts?: ListedArtifacts
}

const RELOAD_SECONDS = 3

/** Renders what changes while a build runs: its head, its jobs, and which of them is shown. */
export const renderChanging = ({ view, shown, links }: Pick<PageParts, 'view' | 'shown' | 'links'>) => ({
  summary: renderSummary(view, links, shown),
  jobs: renderJobList({ view, shown: shown.job, withKey: links.withKey }),
  job: renderShown(view, shown, links.withKey),
})

/**
 * Renders the page of a build. Its script shows the whole log as it grows. Without scripts, the page shows the end of
 * the log as plain text and reloads itself until the build has ended.
 */
export function renderBuildPage({ view, shown, logText, links, artifacts }: PageParts) {
  const hasLog = shown.isOver
  const { summary, jobs, job } = renderChanging({ view, shown, links })
  const content = html`
${summary}
${artifacts ? renderArtifacts(view, artifacts, links.withKey) : ''}
<div id="columns">
${jobs}
<div>
${job}
<div id="bar">
<form class="script-only" role="search"><label class="visually-hidden" for="search">Search the log</label><input id="search" type="search" placeholder="Search (press /)" autocomplete="off"><button type="button" data-step="-1" aria-label="Previous" title="Previous (Shift+Enter)">↑</button><button aria-label="Next" title="Next (Enter)">↓</button><output for="search"></output></form>
<span class="buttons script-only"><button type="button" data-do="first-error" hidden>First error</button><button type="button" data-do="start">Start</button><button type="button" data-do="end">End</button><button type="button" data-do="wrap" aria-pressed="true">Wrap</button></span>
<span class="links"><a href="${hasLog ? links.whole : links.live}">Raw log</a> <a href="${hasLog ? links.download : links.live}">Download</a>${links.all === null ? '' : html` <a href="${links.all}">All logs</a>`}</span>
</div>
<p class="soft no-script-only">End of the log:</p>
<div id="log" class="wrap" role="region" aria-label="Log" tabindex="0" data-path="${shown.path}"><pre>${stripVTControlCharacters(logText)}</pre></div>
</div>
</div>`
  const reloadSeconds = hasEnded(view.status) ? undefined : RELOAD_SECONDS
  return renderLayout({ title: titleOf(view), icon: iconOf(view), script: { reloadSeconds } }, content)
}
