import { html } from 'hono/html'
import { ownerPath } from '../records/links.ts'

/** A page in the line of crumbs: its name, and the link to it, if the visitor may open it. */
export type Crumb = { text: string; href: string | null }

/** The crumbs of a build's page. `repository`: the link to its repository's page. */
export function crumbsOfBuild(
  view: { repository: string; number: number },
  { repository, log }: { repository: string; log: string },
  isPrivate: boolean,
  more: string | null = null,
): Crumb[] {
  const [owner, name] = crumbsOf(view.repository, isPrivate)
  const crumbs = [owner, name && { ...name, href: repository }].filter(crumb => crumb !== undefined)
  const build = `#${view.number}`
  return more === null
    ? [...crumbs, { text: build, href: null }]
    : [...crumbs, { text: build, href: log }, { text: more, href: null }]
}

/** The crumbs of a repository's page. Without its own key, the owner's page would show nothing of a private repository. */
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
