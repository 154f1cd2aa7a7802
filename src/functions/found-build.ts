import type { Context } from 'hono'
import { hasEnded } from '../model/conclusion.ts'
import { openBuild, parseBuildRef } from '../pages/access.ts'
import { type BuildLinks, linksOf } from '../pages/build-links.ts'
import { githubLinks } from '../pages/github-links.ts'
import { findLog, type ShownLog } from '../pages/shown-log.ts'
import type { ReceiveContext } from '../receive-delivery.ts'
import { buildPath, keyOfPath, repositoryPath } from '../records/links.ts'
import { hasJobList, type Records, type View, viewOf } from '../records/view.ts'

/** The services that the pages of a build need from their host. `githubUrl`: the URL of GitHub's pages, such as `https://github.com`. */
export type PageHost = Pick<ReceiveContext, 'store' | 'secrets' | 'now'> & { githubUrl: string }

/** A build, and the log that a request is about. `needsKey`: the build is visible only with a key. */
export type Found = { records: Records; view: View; shown: ShownLog; needsKey: boolean }

/** The build of a path, and the log that the path names, or else the one that `choose` returns. Null if there is none. */
export async function findBuild(
  c: Context,
  { store, secrets }: PageHost,
  choose: (view: View) => ShownLog,
): Promise<Found | null> {
  const { owner = '', repo = '', number = '' } = c.req.param() as Record<string, string>
  const linkKey = async () => (await secrets()).linkKey
  const opened = await openBuild(store, parseBuildRef(owner, repo, number), c.req.query('key'), linkKey)
  if (!opened) return null
  const view = viewOf(opened.records)
  const shown = shownOf(c, view, choose)
  return shown && { ...opened, view, shown }
}

export function shownOf(c: Context, view: View, choose: (view: View) => ShownLog): ShownLog | null {
  const { job, attempt } = c.req.param() as Record<string, string>
  return job === undefined ? choose(view) : findLog(view, job, attempt)
}

/** The links of the page, with the keys of other pages if this one needs a key. */
export async function pageLinks(
  c: Context,
  { view, shown, needsKey }: Found,
  { secrets, githubUrl }: PageHost,
): Promise<BuildLinks> {
  const { project } = view
  const secret = needsKey ? (await secrets()).linkKey : null
  const pathTo = (path: string) => (secret === null ? path : `${path}?key=${keyOfPath(path, secret)}`)
  return linksOf(view, shown, {
    key: c.req.query('key'),
    repository: pathTo(repositoryPath(project)),
    github: githubLinks(view, githubUrl),
    linkTo: number => pathTo(buildPath({ project, number })),
    hasAll: hasJobList(view) && hasEnded(view.status),
  })
}
