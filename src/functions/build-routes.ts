import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import type { LogKeys } from '../log/log-keys.ts'
import { readLineIndex, tail } from '../log/reader.ts'
import { hasEnded } from '../model/conclusion.ts'
import { openBuild, parseBuildRef } from '../pages/access.ts'
import { type ListedArtifacts, renderArtifacts } from '../pages/artifact-list.ts'
import { type BuildLinks, linksOf } from '../pages/build-links.ts'
import { renderBuildPage, renderChanging } from '../pages/build-page.ts'
import { SCRIPTED_PAGE_HEADERS } from '../pages/layout.ts'
import { fileNameOf, linkToLog, serveLog } from '../pages/log.ts'
import {
  earlyLogOf,
  endOfLog,
  findLog,
  firstLog,
  leadLogOf,
  type ShownLog,
  titleOfLog,
} from '../pages/shown-log.ts'
import type { ReceiveContext } from '../receive-delivery.ts'
import { withClaims } from '../records/claimed-jobs.ts'
import { jsonOf } from '../records/json-view.ts'
import { buildKeys, LEAD, logKeysOf } from '../records/keys.ts'
import { listArtifacts } from '../records/left-artifacts.ts'
import { buildPath, keyOfPath, repositoryPath } from '../records/links.ts'
import type { Store } from '../records/store.ts'
import { hasJobList, type Records, type View, viewOf } from '../records/view.ts'

const BUILD = '/gh/:owner/:repo/builds/:number'
/** One of its jobs, by its ordinal: the same page, with another log. */
const JOB = `${BUILD}/jobs/:job`
/** One of its earlier attempts. */
const ATTEMPT = `${JOB}/attempts/:attempt`
/** How many lines a page shows without its script. */
const SHOWN_LINES = 1000
const SHOWN_WIDTH = 10_000
/** A page of a build reads the artifacts of so many jobs. */
const MOST_PACKERS = 20
const NOT_STORED = { 'cache-control': 'no-store' }

/** `needsKey`: only with a key can the build be seen. */
type Found = { records: Records; view: View; shown: ShownLog; needsKey: boolean }

/** The log that a path names, or else the one that `choose` returns. */
function shownOf(c: Context, view: View, choose: (view: View) => ShownLog): ShownLog | null {
  const { job, attempt } = c.req.param() as Record<string, string>
  return job === undefined ? choose(view) : findLog(view, job, attempt)
}

/** The links of the page, with the keys of other pages if this one needs a key. */
async function pageLinks(
  { view, shown, needsKey }: Found,
  key: string | undefined,
  linkKey: () => Promise<string>,
): Promise<BuildLinks> {
  const { project, retryOf, rebuildOf } = view
  const repeated = retryOf ?? rebuildOf
  const secret = needsKey ? await linkKey() : null
  const pathTo = (path: string) => (secret === null ? path : `${path}?key=${keyOfPath(path, secret)}`)
  const repository = pathTo(repositoryPath(project))
  const retried = repeated === null ? null : pathTo(buildPath({ project, number: repeated }))
  const hasAll = hasJobList(view) && hasEnded(view.status)
  return linksOf(view, shown, { key, repository, retried, hasAll })
}

const artifactsOf = async (store: Store, { records }: Found, now: Date): Promise<ListedArtifacts> => ({
  ...(await listArtifacts(store, records, MOST_PACKERS)),
  now,
})

/** What a page requests again while it follows a build: the artifacts only at the end, because each request reads them. */
async function renderFresh(store: Store, found: Found, links: BuildLinks, now: Date) {
  const { view, shown } = found
  const { summary, jobs, job } = renderChanging({ view, shown, links })
  const artifacts = hasEnded(view.status)
    ? renderArtifacts(view, await artifactsOf(store, found, now), links.withKey)
    : ''
  return html`${summary}${artifacts}${jobs}${job}`
}

/** One build: its page, and the logs of its jobs. */
export function addBuildRoutes(
  app: Hono,
  { store, secrets, now }: Pick<ReceiveContext, 'store' | 'secrets' | 'now'>,
): void {
  const linkKey = async () => (await secrets()).linkKey
  /** A build and one of its logs, unless another is requested the one that `choose` returns. Null if there is none. */
  const find = async (c: Context, choose: (view: View) => ShownLog): Promise<Found | null> => {
    const { owner = '', repo = '', number = '' } = c.req.param() as Record<string, string>
    const opened = await openBuild(store, parseBuildRef(owner, repo, number), c.req.query('key'), linkKey)
    if (!opened) return null
    const view = viewOf(opened.records)
    const shown = shownOf(c, view, choose)
    return shown && { records: opened.records, view, shown, needsKey: opened.needsKey }
  }
  const logOf = ({ view, shown }: Found): LogKeys =>
    logKeysOf(view, shown.ref ?? { build: view.number, key: shown.job?.key ?? LEAD.key, attempt: 1 })
  const links = (found: Found, c: Context) => pageLinks(found, c.req.query('key'), linkKey)
  /** What a page shows of a build: also jobs that have just been claimed. */
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
        links: await links(found, c),
        logText,
        artifacts: await artifactsOf(store, found, now()),
      })
      return c.html(page, 200, SCRIPTED_PAGE_HEADERS)
    })
    app.get(`${path}/summary`, async c => {
      const found = await findPage(c, earlyLogOf)
      if (!found) return c.notFound()
      return c.html(await renderFresh(store, found, await links(found, c), now()), 200, SCRIPTED_PAGE_HEADERS)
    })
    app.get(`${path}/log`, async c => {
      const found = await find(c, leadLogOf)
      return found ? serveLog(store, logOf(found), c.req.query()) : c.notFound()
    })
    app.get(`${path}/lines`, async c => {
      const found = await find(c, leadLogOf)
      if (!found) return c.notFound()
      const index = await readLineIndex(store, logOf(found), endOfLog(found.view, found.shown))
      return c.json(index, 200, NOT_STORED)
    })
    app.get(`${path}/log.txt`, async c => {
      const found = await find(c, leadLogOf)
      if (!found) return c.notFound()
      const { view, shown } = found
      const isOfAll = path === BUILD && view.jobs.length > 0
      const isOver = isOfAll ? hasEnded(view.status) : shown.isOver
      if (!isOver) return c.redirect((await links(found, c)).live, 303)
      const fileName = fileNameOf(view, isOfAll ? null : titleOfLog(shown))
      const key = isOfAll ? buildKeys(view).log : logOf(found).whole
      const isDownload = c.req.query('download') !== undefined
      return c.redirect(await linkToLog(store, key, { fileName, isDownload }), 303)
    })
  }
}
