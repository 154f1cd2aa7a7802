import { html } from 'hono/html'
import { ownerPath } from '../records/links.ts'

/** Where a page stands: its name, and the link to the page above it, if the visitor may open that. */
export type Crumb = { text: string; href: string | null }

/** The crumbs of a repository's page. The owner's page would show nothing of a private repository without a key of its own. */
export function crumbsOf(repository: string, isPrivate: boolean): Crumb[] {
  const [owner = '', name = ''] = repository.split('/')
  return [
    { text: owner, href: isPrivate ? null : ownerPath(owner) },
    { text: name, href: null },
  ]
}

/** The line at the top of each page, which leads back to the pages above it. */
export const renderCrumbs = (crumbs: readonly Crumb[]) =>
  html`<nav id="crumbs" aria-label="Breadcrumb"><a class="brand" href="/">lambci</a>${crumbs.map(
    ({ text, href }) =>
      html` <span aria-hidden="true">/</span> ${href === null ? text : html`<a href="${href}">${text}</a>`}`,
  )}</nav>`
