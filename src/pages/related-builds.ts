import { html } from 'hono/html'
import { readBuild } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import { readTrigger } from '../records/trigger-record.ts'
import type { View } from '../records/view.ts'
import type { BuildLinks } from './build-links.ts'
import { showsPrivate } from './visible-builds.ts'

/** Numbers of builds that a reader may want to see next; null where there is none. */
export type RelatedBuilds = {
  /** The builds before and after it for the same branch or pull request. */
  previous: number | null
  next: number | null
  /** Other builds of the same commit, newest first. */
  ofCommit: readonly number[]
}

const MOST_OF_COMMIT = 5

/** @param areAll whether the visitor may see private builds; otherwise they are left out */
export async function relatedBuilds(
  store: Store,
  { project, trigger, number, commit }: Pick<View, 'project' | 'trigger' | 'number' | 'commit'>,
  areAll: boolean,
): Promise<RelatedBuilds> {
  const { builds = [] } = (await readTrigger(store, { project, trigger })) ?? {}
  // Newest first.
  const older = builds.find(each => each.number < number)?.number ?? null
  const newer = builds.findLast(each => each.number > number)?.number ?? null
  const same = builds.filter(each => each.commit === commit && each.number !== number)
  const read = (of: number) => readBuild(store, { project, number: of })
  const mayShow = async (of: number | null) => {
    const build = of === null || areAll ? null : await read(of)
    return of !== null && (areAll || (build !== null && !(await showsPrivate(build, read)))) ? of : null
  }
  const [previous, next, ...ofCommit] = await Promise.all([
    mayShow(older),
    mayShow(newer),
    ...same.slice(0, MOST_OF_COMMIT).map(each => mayShow(each.number)),
  ])
  return { previous: previous ?? null, next: next ?? null, ofCommit: ofCommit.filter(of => of !== null) }
}

/** Renders links to the builds around one, and to the one that it repeats. */
export function renderRelated(
  { retryOf, rebuildOf }: Pick<View, 'retryOf' | 'rebuildOf'>,
  { previous, next, ofCommit }: RelatedBuilds,
  { linkTo }: Pick<BuildLinks, 'linkTo'>,
) {
  const repeated = retryOf ?? rebuildOf
  const link = (number: number) => html`<a href="${linkTo(number)}">#${number}</a>`
  const others = ofCommit.filter(each => each !== previous && each !== next && each !== repeated)
  return html`<nav id="related" aria-label="Builds around this one">${[
    previous === null ? '' : html`<span>Previous ${link(previous)}</span>`,
    next === null ? '' : html`<span>Next ${link(next)}</span>`,
    repeated === null
      ? ''
      : html`<span>${retryOf === null ? 'Rebuild' : 'Retry'} of ${link(repeated)}</span>`,
    others.length === 0
      ? ''
      : html`<span>Of the same commit ${others.map(each => html`${link(each)} `)}</span>`,
  ]}</nav>`
}
