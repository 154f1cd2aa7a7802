import { listen, readBody } from '../../../src/local/loopback.ts'

export type Received = { headers: NodeJS.Dict<string | string[]>; body: Record<string, unknown> }

/** An HTTP endpoint that keeps the notifications that it gets. */
export async function receiveNotifications(port = 0) {
  const received: Received[] = []
  const waiting: (() => void)[] = []
  const server = await listen(async (request, response) => {
    const body = JSON.parse((await readBody(request, 1_000_000))?.toString() ?? '{}')
    response.end()
    if (request.headers['x-amz-sns-message-type'] !== 'Notification') return
    received.push({ headers: request.headers, body })
    for (const wake of waiting.splice(0)) wake()
  }, port)
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
