import { stripVTControlCharacters } from 'node:util'
import { html } from 'hono/html'
import { hasEnded } from '../model/conclusion.ts'
import type { View } from '../records/view.ts'
import type { BuildLinks } from './build-links.ts'
import { crumbsOfBuild } from './crumbs.ts'
import { iconOf } from './icon.ts'
import { renderJobList, renderShown } from './job-list.ts'
import { renderLayout } from './layout.ts'
import { renderLogBar } from './log-bar.ts'
import { type RelatedBuilds, renderRelated } from './related-builds.ts'
import type { ShownLog } from './shown-log.ts'
import { renderStanding, renderSummary, titleOf } from './summary.ts'
import { renderTabs, type TabCounts } from './tabs.ts'

export type PageParts = {
  view: View
  shown: ShownLog
  /** The end of the log. */
  logText: string
  links: BuildLinks
  counts: TabCounts
  related: RelatedBuilds
  /** Whether the page needs a key. */
  isPrivate: boolean
}

const RELOAD_SECONDS = 3

/** Renders the parts that change while a build runs: its head, its jobs, and which of them is shown. */
export const renderChanging = ({
  view,
  shown,
  links,
  counts,
}: Pick<PageParts, 'view' | 'shown' | 'links' | 'counts'>) => ({
  summary: renderSummary(view, links, shown),
  tabs: renderTabs(links, 'log', counts),
  standing: renderStanding(view),
  jobs: renderJobList({ view, shown: shown.job, withKey: links.withKey }),
  job: renderShown(view, shown, links.withKey),
})

/**
 * Renders the page of a build. Its script shows the whole log as it grows. Without scripts, the page shows the end of
 * the log as plain text and reloads itself until the build has ended.
 */
export function renderBuildPage({ view, shown, logText, links, counts, related, isPrivate }: PageParts) {
  const hasLog = shown.isOver
  const { summary, tabs, standing, jobs, job } = renderChanging({ view, shown, links, counts })
  const content = html`
${summary}
${renderRelated(view, related, links)}
${tabs}
<div id="columns">
${jobs}
<div>
${job}
${renderLogBar({ links, hasLog, standing })}
<p class="soft no-script-only">End of the log:</p>
<div id="log" class="wrap" role="region" aria-label="Log" tabindex="0" data-path="${shown.path}"><pre>${stripVTControlCharacters(logText)}</pre></div>
</div>
</div>`
  const reloadSeconds = hasEnded(view.status) ? undefined : RELOAD_SECONDS
  const crumbs = crumbsOfBuild(view, links, isPrivate)
  return renderLayout(
    { title: titleOf(view), icon: iconOf(view), crumbs, script: { reloadSeconds } },
    content,
  )
}
