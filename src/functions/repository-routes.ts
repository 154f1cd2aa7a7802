import type { Context, Hono } from 'hono'
import { listStages } from '../deploy/list-stages.ts'
import { BUILD_STATUSES } from '../model/conclusion.ts'
import { z } from '../model/zod.ts'
import { openRepository } from '../pages/access.ts'
import { BADGE_HEADERS, etagOf, renderBadge } from '../pages/badge.ts'
import { badgeStatusOf } from '../pages/badge-status.ts'
import { type CountCommits, findBehind, rememberCounts } from '../pages/commits-behind.ts'
import { crumbsOf } from '../pages/crumbs.ts'
import { FORM_PAGE_HEADERS } from '../pages/layout.ts'
import { renderRepositoryPage } from '../pages/repository-page.ts'
import { shownStages } from '../pages/shown-stages.ts'
import type { VisibleBuilds } from '../pages/visible-builds.ts'
import { listSummaries } from '../records/branch-summary.ts'
import { searchBuilds } from '../records/builds.ts'
import { jsonOf } from '../records/json-view.ts'
import { badgePath, buildPath, keyOfPath, repositoryPath } from '../records/links.ts'
import { readSpend } from '../records/spend.ts'
import type { Store } from '../records/store.ts'
import type { PageHost } from './found-build.ts'

const REPOSITORY = '/gh/:owner/:repo'
const SHOWN = 30
/** Anybody may request a page: after this many requests, each of ten builds taking up to 80, no further builds are read for it. */
const MOST_REQUESTS = 120
const BRANCHES = 50
const STAGES = 20
const beforeSchema = z
  .string()
  .regex(/^[1-9]\d{0,9}$/)
  .transform(Number)

/** The services that the page of a repository needs from its host. */
export type RepositoryHost = PageHost & { countCommits: CountCommits }

type Host = RepositoryHost & { baseUrlOf: (c: Context) => string }

/** A repository: its builds, branches and stages, and its badge. */
export function addRepositoryRoutes(app: Hono, host: Host): void {
  const { store, secrets, now, githubUrl, baseUrlOf } = host
  const countCommits = rememberCounts(host.countCommits, { now })
  const linkKey = async () => (await secrets()).linkKey
  const open = (c: Context, pathOf: (project: string) => string) => {
    const project = `gh/${c.req.param('owner')}/${c.req.param('repo')}`
    return openRepository(store, { project, pathOf }, c.req.query('key'), linkKey)
  }

  app.get(`${REPOSITORY}/badge.svg`, async c => {
    const opened = await open(c, badgePath)
    if (!opened) return c.notFound()
    const branch = c.req.query('branch') || opened.newest.defaultBranch
    const svg = await renderBadge(await badgeStatusOf(opened, branch))
    const headers = { ...BADGE_HEADERS, etag: etagOf(svg) }
    return c.req.header('if-none-match') === headers.etag
      ? c.body(null, 304, headers)
      : c.body(svg, 200, headers)
  })

  app.get(REPOSITORY, async c => {
    const opened = await open(c, repositoryPath)
    if (!opened) return c.notFound()
    const { project, newest, isPrivate, visible } = opened
    const status = BUILD_STATUSES.find(each => each === c.req.query('status')) ?? ''
    const filter = { branch: c.req.query('branch') ?? '', status }
    const before = beforeSchema.safeParse(c.req.query('before')).data ?? Number.POSITIVE_INFINITY
    const { builds, next } = await searchBuilds(visible.store, project, {
      from: Math.min(newest.number, before - 1),
      fits: async view =>
        (filter.branch === '' || view.branch === filter.branch) &&
        (status === '' || view.status === status) &&
        (await visible.mayShow(view.number)),
      limit: SHOWN,
      mostRequests: MOST_REQUESTS,
    })
    const older = next === null ? null : olderLink(c, next + 1)
    const signed = isPrivate ? await linkKey() : null
    const withKey = (target: string) =>
      signed === null ? target : `${target}?key=${keyOfPath(target, signed)}`
    if (c.req.header('accept')?.includes('application/json'))
      return c.json(builds.map(jsonOf), 200, {
        'cache-control': 'no-store',
        ...(older !== null && { link: `<${baseUrlOf(c)}${older}>; rel="next"` }),
      })
    const stages = await shownStages(await listStages(store, project, STAGES), visible)
    const branches = await shownBranches(store, project, visible)
    const behind = await findBehind(stages, branches, { ...newest, countCommits, githubUrl })
    const spend = await readSpend(store, project, now())
    const badge = withKey(badgePath(project))
    const page = renderRepositoryPage({
      repository: newest.repository,
      crumbs: crumbsOf(newest.repository, isPrivate),
      builds,
      older,
      branches,
      stages,
      behindOf: ({ stage }) => behind.get(stage) ?? null,
      spent: spend?.cost ?? null,
      filter,
      linkTo: number => withKey(buildPath({ project, number })),
      badge: { path: badge, url: `${baseUrlOf(c)}${badge}` },
      key: isPrivate ? (c.req.query('key') ?? null) : null,
    })
    return c.html(page, 200, FORM_PAGE_HEADERS)
  })
}

/** The newest ended builds of branches that the visitor may see. */
async function shownBranches(store: Store, project: string, { mayShowSummary }: VisibleBuilds) {
  const summaries = await listSummaries(store, project, BRANCHES)
  const areShown = await Promise.all(summaries.map(mayShowSummary))
  return summaries.filter((_, index) => areShown[index])
}

/** The same page with older builds. */
function olderLink(c: Context, before: number): string {
  const query = new URLSearchParams(
    ['branch', 'status', 'key'].flatMap((name): [string, string][] => {
      const value = c.req.query(name)
      return value ? [[name, value]] : []
    }),
  )
  query.set('before', String(before))
  return `${c.req.path}?${query}`
}
