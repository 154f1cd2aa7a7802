import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { PAYLOAD_LIMIT, parseDelivery } from '../github/delivery.ts'
import { UserError } from '../model/user-error.ts'
import { type ReceiveContext, receiveDelivery } from '../receive-delivery.ts'
import { answerError } from './answer-error.ts'
import { addBuildRoutes } from './build-routes.ts'
import { addHomeRoutes } from './home-routes.ts'
import { addRepositoryRoutes, type RepositoryHost } from './repository-routes.ts'
import { addViewRoutes } from './view-routes.ts'

/** The HTTP application: GitHub's webhook, and pages for people. GET writes nothing. */
export function createHttpApp(host: Omit<ReceiveContext, 'baseUrl'> & RepositoryHost): Hono {
  const app = new Hono()
  app.onError((error, c) => {
    console.error(error)
    return answerError(c, 500, error instanceof UserError ? error.message : FAULT)
  })
  app.notFound(c => answerError(c, 404, NOTHING_HERE))
  app.get('/health', c => c.json({ status: 'ok' }))

  const tooLarge = (c: Context) =>
    c.json({ error: 'The payload is larger than 25 MB, the most that GitHub sends.' }, 413)
  app.post('/webhook', bodyLimit({ maxSize: PAYLOAD_LIMIT, onError: tooLarge }), async c => {
    const delivery = parseDelivery(c.req.raw.headers, new Uint8Array(await c.req.arrayBuffer()))
    if ('error' in delivery) return c.json(delivery, 400)
    const answer = await receiveDelivery(delivery, { ...host, baseUrl: baseUrlOf(c) })
    return c.json(answer.body, answer.status)
  })

  addHomeRoutes(app, host)
  addBuildRoutes(app, host)
  addViewRoutes(app, host)
  addRepositoryRoutes(app, { ...host, baseUrlOf })
  return app
}

const FAULT = 'Something went wrong. The log of the http function has the details.'
const NOTHING_HERE =
  'There is nothing here, or this link may not show it. A private build is shown by the link in its status, which has a key.'
const LOOPBACK = /^(127\.0\.0\.1|localhost)$/

/**
 * The address at which this request arrived: the domain of the function URL, which AWS includes in the event. Headers do not count, because
 * links of builds and statuses begin with it.
 */
function baseUrlOf(c: Context): string {
  const { host, hostname } = new URL(c.req.url)
  return `${LOOPBACK.test(hostname) ? 'http' : 'https'}://${host}`
}
