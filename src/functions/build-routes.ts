import type { Context, Hono } from 'hono'
import { readLineIndex, tail } from '../log/reader.ts'
import { hasEnded } from '../model/conclusion.ts'
import { openBuild, parseBuildRef } from '../pages/access.ts'
import { renderBuildPage } from '../pages/build-page.ts'
import { SCRIPTED_PAGE_HEADERS } from '../pages/layout.ts'
import { linkToLog, serveLog } from '../pages/log.ts'
import { renderSummary } from '../pages/summary.ts'
import type { ReceiveContext } from '../receive-delivery.ts'
import { jobKeys } from '../records/keys.ts'
import { buildPath, keyOfPath, repositoryPath } from '../records/links.ts'
import { type View, viewOf } from '../records/view.ts'

const BUILD = '/gh/:owner/:repo/builds/:number'
/** How many lines a page shows without its script. */
const SHOWN_LINES = 1000
const SHOWN_WIDTH = 10_000
const NOT_STORED = { 'cache-control': 'no-store' }

/** One build: its page, and its log. */
export function addBuildRoutes(
  app: Hono,
  { store, secrets }: Pick<ReceiveContext, 'store' | 'secrets'>,
): void {
  const linkKey = async () => (await secrets()).linkKey
  const find = (c: Context) => {
    const { owner = '', repo = '', number = '' } = c.req.param() as Record<string, string>
    return openBuild(store, parseBuildRef(owner, repo, number), c.req.query('key'), linkKey)
  }
  const repositoryLink = async ({ project, isPrivate }: View) => {
    const path = repositoryPath(project)
    return isPrivate ? `${path}?key=${keyOfPath(path, await linkKey())}` : path
  }

  app.get(BUILD, async c => {
    const records = await find(c)
    if (!records) return c.notFound()
    const view = viewOf(records)
    if (c.req.header('accept')?.includes('application/json')) return c.json(view, 200, NOT_STORED)
    const links = { ...linksOf(view, c), repository: await repositoryLink(view) }
    const logText = await tail(store, jobKeys(view).log, SHOWN_LINES, SHOWN_WIDTH)
    return c.html(renderBuildPage({ view, links, logText }), 200, SCRIPTED_PAGE_HEADERS)
  })
  app.get(`${BUILD}/summary`, async c => {
    const records = await find(c)
    if (!records) return c.notFound()
    const view = viewOf(records)
    return c.html(renderSummary(view, await repositoryLink(view)), 200, SCRIPTED_PAGE_HEADERS)
  })
  app.get(`${BUILD}/log`, async c => {
    const records = await find(c)
    return records ? serveLog(store, records.build, c.req.query()) : c.notFound()
  })
  app.get(`${BUILD}/lines`, async c => {
    const records = await find(c)
    return records
      ? c.json(await readLineIndex(store, jobKeys(records.build).log), 200, NOT_STORED)
      : c.notFound()
  })
  app.get(`${BUILD}/log.txt`, async c => {
    const records = await find(c)
    if (!records) return c.notFound()
    const view = viewOf(records)
    if (!hasEnded(view.status)) return c.redirect(linksOf(view, c).live, 303)
    return c.redirect(await linkToLog(store, view, c.req.query('download') !== undefined), 303)
  })
}

/** Links to the log of a build; the key of a private build is passed on. */
function linksOf(view: View, c: Context) {
  const path = buildPath(view)
  const key = c.req.query('key')
  const withKey = (target: string, more: Record<string, string> = {}) => {
    const query = new URLSearchParams({ ...(key !== undefined && { key }), ...more }).toString()
    return query ? `${target}?${query}` : target
  }
  return {
    live: withKey(`${path}/log`),
    whole: withKey(`${path}/log.txt`),
    download: withKey(`${path}/log.txt`, { download: '1' }),
  }
}
