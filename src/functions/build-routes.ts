import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import type { LogKeys } from '../log/log-keys.ts'
import { readLineIndex, tail } from '../log/reader.ts'
import { hasEnded } from '../model/conclusion.ts'
import { renderBuildPage, renderChanging } from '../pages/build-page.ts'
import { SCRIPTED_PAGE_HEADERS } from '../pages/layout.ts'
import { fileNameOf, linkToLog, serveLog } from '../pages/log.ts'
import { readLogFacts } from '../pages/log-facts.ts'
import { relatedBuilds } from '../pages/related-builds.ts'
import { earlyLogOf, endOfLog, firstLog, leadLogOf, type ShownLog, titleOfLog } from '../pages/shown-log.ts'
import type { TabCounts } from '../pages/tabs.ts'
import { countTests } from '../pages/tests-page.ts'
import { withClaims } from '../records/claimed-jobs.ts'
import { jsonOf } from '../records/json-view.ts'
import { buildKeys, LEAD, logKeysOf } from '../records/keys.ts'
import { listArtifacts } from '../records/left-artifacts.ts'
import type { Store } from '../records/store.ts'
import type { View } from '../records/view.ts'
import { type Found, findBuild, type PageHost, pageLinks, shownOf } from './found-build.ts'

const BUILD = '/gh/:owner/:repo/builds/:number'
/** One of its jobs, by its ordinal: the same page with another log. */
const JOB = `${BUILD}/jobs/:job`
/** One of its earlier attempts. */
const ATTEMPT = `${JOB}/attempts/:attempt`
/** How many lines a page shows without its script. */
const SHOWN_LINES = 1000
const SHOWN_WIDTH = 10_000
/** A page of a build reads the artifacts of at most this many jobs. */
const MOST_PACKERS = 20
const NOT_STORED = { 'cache-control': 'no-store' }

/** The counts for a build's other views; the artifacts are counted once it has ended, because that reads its jobs' records. */
async function countsOf(store: Store, { records, view }: Found): Promise<TabCounts> {
  const left = hasEnded(view.status) ? await listArtifacts(store, records, MOST_PACKERS) : null
  return { tests: countTests(view), artifacts: left?.artifacts.length || null }
}

/** One build: its page, and the logs of its jobs. */
export function addBuildRoutes(app: Hono, host: PageHost): void {
  const { store } = host
  const find = (c: Context, choose: (view: View) => ShownLog) => findBuild(c, host, choose)
  /** The contents of a build's page: also jobs that have just been claimed. */
  const findPage = async (c: Context, choose: (view: View) => ShownLog) => {
    const found = await find(c, choose)
    if (!found) return null
    const view = await withClaims(store, found.view)
    return { ...found, view, shown: shownOf(c, view, choose) ?? found.shown }
  }

  for (const path of [BUILD, JOB, ATTEMPT]) {
    app.get(path, async c => {
      const found = await findPage(c, firstLog)
      if (!found) return c.notFound()
      if (c.req.header('accept')?.includes('application/json'))
        return c.json(jsonOf(found.view), 200, NOT_STORED)
      const logText = found.shown.ref ? await tail(store, logOf(found), SHOWN_LINES, SHOWN_WIDTH) : ''
      const page = renderBuildPage({
        view: found.view,
        shown: found.shown,
        links: await pageLinks(c, found, host),
        related: await relatedBuilds(store, found.view, found.needsKey),
        counts: await countsOf(store, found),
        isPrivate: found.needsKey,
        logText,
      })
      return c.html(page, 200, SCRIPTED_PAGE_HEADERS)
    })
    app.get(`${path}/summary`, async c => {
      const found = await findPage(c, earlyLogOf)
      if (!found) return c.notFound()
      const [links, counts] = [await pageLinks(c, found, host), await countsOf(store, found)]
      const { summary, tabs, standing, jobs, job } = renderChanging({ ...found, links, counts })
      return c.html(html`${summary}${tabs}${standing}${jobs}${job}`, 200, SCRIPTED_PAGE_HEADERS)
    })
    addLogRoutes(app, path, host)
  }
}

/** The log that the page at this path shows: its text, and its state. */
function addLogRoutes(app: Hono, path: string, host: PageHost): void {
  const { store } = host
  const find = (c: Context) => findBuild(c, host, leadLogOf)
  app.get(`${path}/log`, async c => {
    const found = await find(c)
    return found ? serveLog(store, logOf(found), c.req.query()) : c.notFound()
  })
  app.get(`${path}/lines`, async c => {
    const found = await find(c)
    if (!found) return c.notFound()
    const index = await readLineIndex(store, logOf(found), endOfLog(found.view, found.shown))
    return c.json(index, 200, NOT_STORED)
  })
  app.get(`${path}/outline`, async c => {
    const found = await find(c)
    if (!found) return c.notFound()
    return c.json(await readLogFacts(store, found), 200, NOT_STORED)
  })
  app.get(`${path}/log.txt`, async c => {
    const found = await find(c)
    if (!found) return c.notFound()
    const { view, shown } = found
    const isOfAll = path === BUILD && view.jobs.length > 0
    const isOver = isOfAll ? hasEnded(view.status) : shown.isOver
    if (!isOver) return c.redirect((await pageLinks(c, found, host)).live, 303)
    const fileName = fileNameOf(view, isOfAll ? null : titleOfLog(shown))
    const key = isOfAll ? buildKeys(view).log : logOf(found).whole
    const isDownload = c.req.query('download') !== undefined
    return c.redirect(await linkToLog(store, key, { fileName, isDownload }), 303)
  })
}

const logOf = ({ view, shown }: Found): LogKeys =>
  logKeysOf(view, shown.ref ?? { build: view.number, key: shown.job?.key ?? LEAD.key, attempt: 1 })
