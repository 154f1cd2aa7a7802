import { html } from 'hono/html'
import type { View } from '../records/view.ts'
import { describeStatus } from '../records/wording.ts'
import type { BuildLinks } from './build-links.ts'
import { crumbsOfBuild } from './crumbs.ts'
import { colorOf, iconOf } from './icon.ts'
import { renderLayout } from './layout.ts'
import { stateIcon } from './state-icon.ts'
import { renderTabs, type Tab, type TabCounts } from './tabs.ts'

export type ViewPage = {
  view: View
  tab: Exclude<Tab, 'log'>
  counts: TabCounts
  links: BuildLinks
  /** Whether the page needs a key. */
  isPrivate: boolean
  content: ReturnType<typeof html> | readonly ReturnType<typeof html>[]
}

const NAMES = { tests: 'Tests', artifacts: 'Artifacts' } as const

/** Renders a view of a build beside its log. */
export function renderViewPage({ view, tab, counts, links, isPrivate, content }: ViewPage) {
  const title = `${NAMES[tab]} of ${view.repository} #${view.number}`
  const page = html`
<h1>${title}</h1>
<p class="status ${colorOf(view)}">${stateIcon(view.status)} ${describeStatus(view)}</p>
${renderTabs(links, tab, counts)}
<div id="${tab}">${content}</div>`
  const crumbs = crumbsOfBuild(view, links, isPrivate, NAMES[tab])
  return renderLayout({ title, icon: iconOf(view), crumbs, script: {} }, page)
}
