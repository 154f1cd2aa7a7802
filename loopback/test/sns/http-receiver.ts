import { listen, readBody } from '../../loopback.ts'

export type Received = { headers: NodeJS.Dict<string | string[]>; body: Record<string, unknown> }

/** An HTTP endpoint that keeps the notifications that it gets, after refusing the first few. */
export async function receiveNotifications(refusals = 0) {
  const received: Received[] = []
  const waiting: (() => void)[] = []
  const server = await listen(async (request, response) => {
    const body = JSON.parse((await readBody(request, 1_000_000))?.toString() ?? '{}')
    const isNotification = body.Type === 'Notification'
    const isRefused = isNotification && refusals-- > 0
    response.writeHead(isRefused ? 503 : 200).end()
    if (!isNotification || isRefused) return
    received.push({ headers: request.headers, body })
    for (const wake of waiting.splice(0)) wake()
  })
  return {
    ...server,
    endpoint: `${server.url}/hook`,
    received,
    /** The first `count` notifications, as soon as they are there. */
    async take(count: number) {
      while (received.length < count) await new Promise<void>(resolve => waiting.push(resolve))
      return received.slice(0, count)
    },
  }
}
