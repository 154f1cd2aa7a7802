import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { buildKeys } from '../build/layout.ts'
import { buildPath, keyOfPath, repositoryPath } from '../build/links.ts'
import { hasEnded } from '../build/result.ts'
import { viewOf } from '../build/view.ts'
import { tail } from '../log/reader.ts'
import { openBuild, refOfPath } from '../pages/access.ts'
import { renderBuildPage } from '../pages/build-page.ts'
import { PAGE_HEADERS } from '../pages/frame.ts'
import { linkToLog, serveLog } from '../pages/log.ts'
import { Problem } from '../problem.ts'
import { type Receiver, receiveDelivery } from '../receive-delivery.ts'
import { PAYLOAD_LIMIT, parseDelivery } from '../webhook/delivery.ts'
import { addRepositoryRoutes } from './repository-routes.ts'

const BUILD = '/gh/:owner/:repo/builds/:number'
const SHOWN_LINES = 1000

/** The one HTTP application: GitHub's webhook, and what people look at. Nothing is written by GET. */
export function createHttpApp(host: Omit<Receiver, 'baseUrl'>): Hono {
  const app = new Hono()
  app.onError((error, c) => {
    console.error(error)
    if (error instanceof Problem) return c.json({ error: error.message }, 500)
    return c.json({ error: 'Something went wrong here; the log of the http function says what.' }, 500)
  })
  app.notFound(c => c.json({ error: 'There is nothing here, or nothing that this link may show.' }, 404))
  app.get('/health', c => c.json({ status: 'ok' }))

  const tooLarge = (c: Context) =>
    c.json({ error: 'The payload is larger than 25 MB, the most that GitHub sends.' }, 413)
  app.post('/webhook', bodyLimit({ maxSize: PAYLOAD_LIMIT, onError: tooLarge }), async c => {
    const delivery = parseDelivery(c.req.raw.headers, await c.req.text())
    if ('error' in delivery) return c.json(delivery, 400)
    const answer = await receiveDelivery(delivery, { ...host, baseUrl: baseUrlOf(c) })
    return c.json(answer.body, answer.status)
  })

  const find = (c: Context) => {
    const { owner = '', repo = '', number = '' } = c.req.param() as Record<string, string>
    const linkKey = async () => (await host.secrets()).linkKey
    return openBuild(host.store, refOfPath(owner, repo, number), c.req.query('key'), linkKey)
  }
  app.get(BUILD, async c => {
    const records = await find(c)
    if (!records) return c.notFound()
    const view = viewOf(records)
    if (c.req.header('accept')?.includes('application/json'))
      return c.json(view, 200, { 'cache-control': 'no-store' })
    const up = repositoryPath(view.project)
    const repository = view.isPrivate ? `${up}?key=${keyOfPath(up, (await host.secrets()).linkKey)}` : up
    const links = { ...linksOf(buildPath(view), new URL(c.req.url).search), repository }
    const page = renderBuildPage({
      view,
      links,
      logText: await tail(host.store, buildKeys(view).log, SHOWN_LINES),
    })
    return c.html(page, 200, PAGE_HEADERS)
  })
  addRepositoryRoutes(app, { ...host, baseUrlOf })
  app.get(`${BUILD}/log`, async c => {
    const records = await find(c)
    return records ? serveLog(host.store, records.job, c.req.query('from')) : c.notFound()
  })
  app.get(`${BUILD}/log.txt`, async c => {
    const records = await find(c)
    if (!records) return c.notFound()
    const { live } = linksOf(buildPath(records.job), new URL(c.req.url).search)
    return c.redirect(hasEnded(viewOf(records).status) ? await linkToLog(host.store, records.job) : live, 303)
  })
  return app
}

/** Where this request reached us. AWS sets both itself; a proxy in between may not speak TLS to us. */
function baseUrlOf(c: Context): string {
  const protocol = c.req.header('x-forwarded-proto') === 'http' ? 'http' : 'https'
  return `${protocol}://${new URL(c.req.url).host}`
}

const linksOf = (path: string, search: string) => ({
  whole: `${path}/log.txt${search}`,
  live: `${path}/log${search}`,
})
