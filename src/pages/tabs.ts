import { html } from 'hono/html'
import type { BuildLinks } from './build-links.ts'

/** The views of a build. */
export type Tab = 'log' | 'tests' | 'artifacts'

/** The number of items in a view; null if it is not known. */
export type TabCounts = { tests: number | null; artifacts: number | null }

/** Renders the links to the views of a build. Empty views are left out, except the open one. */
export function renderTabs(links: Pick<BuildLinks, Tab>, current: Tab, { tests, artifacts }: TabCounts) {
  const tabs: [Tab, string, number | null][] = [
    ['log', 'Log', null],
    ['tests', 'Tests', tests],
    ['artifacts', 'Artifacts', artifacts],
  ]
  const shown = tabs.filter(([tab, , count]) => tab === current || tab === 'log' || count !== null)
  return html`<nav id="tabs" aria-label="Views">${shown.map(
    ([tab, name, count]) =>
      html`<a href="${links[tab]}"${tab === current ? html` aria-current="page"` : ''}>${name}${count === null ? '' : html` <span class="count">${count}</span>`}</a>`,
  )}</nav>`
}
