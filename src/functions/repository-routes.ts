import type { Context, Hono } from 'hono'
import { listStages } from '../deploy/list-stages.ts'
import { BUILD_STATUSES } from '../model/conclusion.ts'
import { openRepository } from '../pages/access.ts'
import { BADGE_HEADERS, etagOf, renderBadge } from '../pages/badge.ts'
import { FORM_PAGE_HEADERS } from '../pages/layout.ts'
import { renderRepositoryPage } from '../pages/repository-page.ts'
import type { ReceiveContext } from '../receive-delivery.ts'
import { listSummaries, readSummary } from '../records/branch-summary.ts'
import { takeBuilds } from '../records/builds.ts'
import { jsonOf } from '../records/json-view.ts'
import { badgePath, buildPath, keyOfPath, repositoryPath } from '../records/links.ts'

const REPOSITORY = '/gh/:owner/:repo'
const SHOWN = 30
/** How many builds are read for a filter; each takes four requests, or five with several jobs. */
const MOST_READ = 300
const BRANCHES = 100

type Host = Pick<ReceiveContext, 'store' | 'secrets'> & { baseUrlOf: (c: Context) => string }

/** A repository: its builds, branches and stages, and its badge. */
export function addRepositoryRoutes(app: Hono, { store, secrets, baseUrlOf }: Host): void {
  const linkKey = async () => (await secrets()).linkKey
  const open = (c: Context, pathOf: (project: string) => string) => {
    const project = `gh/${c.req.param('owner')}/${c.req.param('repo')}`
    return openRepository(store, { project, pathOf }, c.req.query('key'), linkKey)
  }

  app.get(`${REPOSITORY}/badge.svg`, async c => {
    const opened = await open(c, badgePath)
    if (!opened) return c.notFound()
    const summary = await readSummary(
      store,
      opened.project,
      c.req.query('branch') || opened.newest.defaultBranch,
    )
    const svg = await renderBadge(
      summary?.deploy === 'failed' ? 'deploy failed' : (summary?.status ?? 'unknown'),
    )
    const headers = { ...BADGE_HEADERS, etag: etagOf(svg) }
    return c.req.header('if-none-match') === headers.etag
      ? c.body(null, 304, headers)
      : c.body(svg, 200, headers)
  })

  app.get(REPOSITORY, async c => {
    const opened = await open(c, repositoryPath)
    if (!opened) return c.notFound()
    const { project, newest, builds: all, mayShow } = opened
    const status = BUILD_STATUSES.find(each => each === c.req.query('status')) ?? ''
    const filter = { branch: c.req.query('branch') ?? '', status }
    const builds = await takeBuilds(
      all,
      view =>
        mayShow(view) &&
        (filter.branch === '' || view.branch === filter.branch) &&
        (status === '' || view.status === status),
      { limit: SHOWN, most: MOST_READ },
    )
    const signed = newest.isPrivate ? await linkKey() : null
    const withKey = (target: string) =>
      signed === null ? target : `${target}?key=${keyOfPath(target, signed)}`
    if (c.req.header('accept')?.includes('application/json'))
      return c.json(builds.map(jsonOf), 200, { 'cache-control': 'no-store' })
    const branches = (await listSummaries(store, project, BRANCHES)).filter(mayShow)
    const stages = await listStages(store, project)
    const badge = withKey(badgePath(project))
    const page = renderRepositoryPage({
      repository: newest.repository,
      builds,
      branches,
      stages,
      filter,
      linkTo: number => withKey(buildPath({ project, number })),
      badge: { path: badge, url: `${baseUrlOf(c)}${badge}` },
      key: newest.isPrivate ? (c.req.query('key') ?? null) : null,
    })
    return c.html(page, 200, FORM_PAGE_HEADERS)
  })
}
