import type { Context, Hono } from 'hono'
import { linkToArchive, renderArtifacts } from '../pages/artifact-list.ts'
import { SCRIPTED_PAGE_HEADERS } from '../pages/layout.ts'
import { leadLogOf } from '../pages/shown-log.ts'
import { countTests, readTests, renderTests } from '../pages/tests-page.ts'
import { renderViewPage, type ViewPage } from '../pages/view-page.ts'
import { findArtifact, jsonOfArtifact, type LeftArtifact, listArtifacts } from '../records/left-artifacts.ts'
import { answerError } from './answer-error.ts'
import { type Found, findBuild, type PageHost, pageLinks } from './found-build.ts'

const BUILD = '/gh/:owner/:repo/builds/:number'
const ARTIFACTS = `${BUILD}/artifacts`
/** The tab of the artifacts counts those of at most this many jobs. */
const MOST_PACKERS = 20
const NOT_STORED = { 'cache-control': 'no-store' }

/** A build's other views: its tests, and its artifacts, whose bytes come from the bucket's own origin. */
export function addViewRoutes(app: Hono, host: PageHost): void {
  const { store, now } = host
  const open = (c: Context) => findBuild(c, host, leadLogOf)
  const show = async (
    c: Context,
    found: Found,
    tab: ViewPage['tab'],
    artifacts: number | null,
    content: ViewPage['content'],
  ) => {
    const { view, needsKey } = found
    const counts = { tests: countTests(view), artifacts }
    const page = renderViewPage({
      view,
      tab,
      counts,
      content,
      isPrivate: needsKey,
      links: await pageLinks(c, found, host),
    })
    return c.html(page, 200, SCRIPTED_PAGE_HEADERS)
  }

  app.get(`${BUILD}/tests`, async c => {
    const found = await open(c)
    if (!found) return c.notFound()
    const tests = await readTests(store, found.view)
    const { artifacts } = await listArtifacts(store, found.records, MOST_PACKERS)
    return show(c, found, 'tests', artifacts.length || null, renderTests(tests))
  })

  app.get(ARTIFACTS, async c => {
    const found = await open(c)
    if (!found) return c.notFound()
    const { artifacts } = await listArtifacts(store, found.records)
    if (c.req.header('accept')?.includes('application/json'))
      return c.json(artifacts.map(jsonOfArtifact), 200, NOT_STORED)
    const { withKey } = await pageLinks(c, found, host)
    return show(
      c,
      found,
      'artifacts',
      artifacts.length || null,
      renderArtifacts(found.view, artifacts, now(), withKey),
    )
  })

  app.get(`${ARTIFACTS}/:name{.+}`, async c => {
    const build = await open(c)
    if (!build) return c.notFound()
    const found = await findArtifact(store, build.records, c.req.param('name'))
    if (!found?.isThere) return answerError(c, 404, describeMissing(found?.artifact))
    c.header('cache-control', 'no-store')
    c.header('referrer-policy', 'no-referrer')
    return c.redirect(await linkToArchive(store, build.view, found.artifact), 303)
  })
}

const describeMissing = (artifact: LeftArtifact | undefined) =>
  artifact
    ? `This artifact is no longer there. Artifacts are kept for 30 days, this one until ${artifact.lastDay}.`
    : 'No job of this build that has ended has left an artifact of this name.'
