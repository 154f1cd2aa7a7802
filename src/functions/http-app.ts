import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { PAYLOAD_LIMIT, parseDelivery } from '../github/delivery.ts'
import { UserError } from '../model/user-error.ts'
import { type ReceiveContext, receiveDelivery } from '../receive-delivery.ts'
import { addBuildRoutes } from './build-routes.ts'
import { addRepositoryRoutes } from './repository-routes.ts'

/** The one HTTP application: GitHub's webhook, and what people look at. Nothing is written by GET. */
export function createHttpApp(host: Omit<ReceiveContext, 'baseUrl'>): Hono {
  const app = new Hono()
  app.onError((error, c) => {
    console.error(error)
    if (error instanceof UserError) return c.json({ error: error.message }, 500)
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

  addBuildRoutes(app, host)
  addRepositoryRoutes(app, { ...host, baseUrlOf })
  return app
}

/** Where this request reached us. AWS sets both itself; a proxy in between may not speak TLS to us. */
function baseUrlOf(c: Context): string {
  const protocol = c.req.header('x-forwarded-proto') === 'http' ? 'http' : 'https'
  return `${protocol}://${new URL(c.req.url).host}`
}
