import type { Context, Hono } from 'hono'
import { openBuild, parseBuildRef } from '../pages/access.ts'
import { linkToArchive, renderArtifactsPage } from '../pages/artifact-list.ts'
import { FORM_PAGE_HEADERS } from '../pages/layout.ts'
import type { ReceiveContext } from '../receive-delivery.ts'
import { findArtifact, jsonOfArtifact, type LeftArtifact, listArtifacts } from '../records/left-artifacts.ts'
import { answerError } from './answer-error.ts'

const ARTIFACTS = '/gh/:owner/:repo/builds/:number/artifacts'
const NOT_STORED = { 'cache-control': 'no-store' }

/** The artifacts of a build. Their bytes come from the bucket's own origin, never from that of the pages. */
export function addArtifactRoutes(
  app: Hono,
  { store, secrets, now }: Pick<ReceiveContext, 'store' | 'secrets' | 'now'>,
): void {
  const open = async (c: Context) => {
    const { owner = '', repo = '', number = '' } = c.req.param() as Record<string, string>
    const linkKey = async () => (await secrets()).linkKey
    const opened = await openBuild(store, parseBuildRef(owner, repo, number), c.req.query('key'), linkKey)
    return opened?.records ?? null
  }

  app.get(ARTIFACTS, async c => {
    const records = await open(c)
    if (!records) return c.notFound()
    const { artifacts } = await listArtifacts(store, records)
    if (c.req.header('accept')?.includes('application/json'))
      return c.json(artifacts.map(jsonOfArtifact), 200, NOT_STORED)
    const key = c.req.query('key')
    const withKey = (path: string) => (key === undefined ? path : `${path}?${new URLSearchParams({ key })}`)
    const page = renderArtifactsPage(records.build, artifacts, now(), withKey)
    return c.html(page, 200, FORM_PAGE_HEADERS)
  })

  app.get(`${ARTIFACTS}/:name{.+}`, async c => {
    const records = await open(c)
    if (!records) return c.notFound()
    const found = await findArtifact(store, records, c.req.param('name'))
    if (!found?.isThere) return answerError(c, 404, describeMissing(found?.artifact))
    c.header('cache-control', 'no-store')
    c.header('referrer-policy', 'no-referrer')
    return c.redirect(await linkToArchive(store, records.build, found.artifact), 303)
  })
}

const describeMissing = (artifact: LeftArtifact | undefined) =>
  artifact
    ? `This artifact is no longer there. Artifacts are kept for 30 days, this one until ${artifact.lastDay}.`
    : 'No job of this build that has ended has left an artifact of this name.'
