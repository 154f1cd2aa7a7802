import { listen, readBody } from '../../loopback.ts'

export type Received = { headers: NodeJS.Dict<string | string[]>; body: Record<string, unknown> }

/** Starts an HTTP endpoint that records notifications. It refuses the first `refusals` of them with 503. */
export async function receiveNotifications(refusals = 0) {
  const received: Received[] = []
  const waiters: (() => void)[] = []
  const server = await listen(async (request, response) => {
    const body = JSON.parse((await readBody(request, 1_000_000))?.toString() ?? '{}')
    const isNotification = body.Type === 'Notification'
    const isRefused = isNotification && refusals-- > 0
    response.writeHead(isRefused ? 503 : 200).end()
    if (!isNotification || isRefused) return
    received.push({ headers: request.headers, body })
    for (const resolve of waiters.splice(0)) resolve()
  })
  return {
    ...server,
    endpoint: `${server.url}/hook`,
    received,
    /** Waits for the first `count` notifications. */
    async waitFor(count: number) {
      while (received.length < count) await new Promise<void>(resolve => waiters.push(resolve))
      return received.slice(0, count)
    },
  }
}
