import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhooks } from '@octokit/webhooks'

// biome-ignore lint/suspicious/noExplicitAny: payloads are checked against GitHub's schema where they are used
export type Event = { name: string; guid: string; headers: Record<string, unknown>; payload: any }
type Waiter = { matches: (event: Event) => boolean; resolve: (event: Event) => void }

/** A webhook endpoint that records events and refuses those not signed with its secret. */
export async function receiveWebhooks(secret = 'a webhook secret') {
  const webhooks = new Webhooks({ secret })
  const events: Event[] = []
  const waiters = new Set<Waiter>()
  let status: number | 'never' = 202
  let answer: (event: Event) => string = () => 'accepted'
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const { headers } = request
    const signature = String(headers['x-hub-signature-256'])
    const isSigned = await webhooks.verify(body, signature).catch(() => false)
    if (!isSigned) return void response.writeHead(401).end('not signed')
    const [name, guid] = [headers['x-github-event'], headers['x-github-delivery']].map(String)
    const event = { name: name!, guid: guid!, headers, payload: JSON.parse(body) }
    if (status !== 'never') response.writeHead(status).end(answer(event))
    events.push(event)
    for (const waiter of waiters) if (waiter.matches(event)) waiter.resolve(event)
  })
  // A process that was busy for Node's 5 s would close a connection just as an event is sent on it.
  server.keepAliveTimeout = 120_000
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  /** The first matching event, past or future. */
  const event = (matches: (event: Event) => boolean) =>
    new Promise<Event>(resolve => {
      const received = events.find(matches)
      if (received) resolve(received)
      else waiters.add({ matches, resolve })
    })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`,
    secret,
    events,
    event,
    push: (repository: string, ref: string, after?: string) =>
      event(
        ({ name, payload }) =>
          name === 'push' &&
          payload.repository.full_name === repository &&
          payload.ref === ref &&
          (after ?? payload.after) === payload.after,
      ),
    pull: (repository: string, action: string) =>
      event(
        ({ name, payload }) =>
          name === 'pull_request' && payload.action === action && payload.repository.full_name === repository,
      ),
    /** Responds with this status from now on, or never. */
    respondWith: (next: number | 'never', body: typeof answer = answer) => {
      status = next
      answer = body
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

export type Receiver = Awaited<ReturnType<typeof receiveWebhooks>>
