import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type ForwardingProxy = {
  url: string
  /** Bytes of response bodies forwarded so far. */
  bytes(): number
  close(): Promise<void>
}

/**
 * A proxy that forwards everything to `target`. Where `losesResponse` returns true, the request is executed, but the
 * connection is closed before the response: a client that retries repeats a request that has already succeeded.
 */
export async function startProxy(
  target: string | (() => string),
  losesResponse: (message: IncomingMessage) => boolean = () => false,
): Promise<ForwardingProxy> {
  let bytes = 0
  const server = createServer(async (message, response) => {
    const { method, headers, url } = message
    const forwarded = request(new URL(url ?? '/', typeof target === 'string' ? target : target()), {
      method,
      headers,
    })
    forwarded.on('error', () => response.destroy()).end(await buffer(message))
    const [upstream] = (await once(forwarded, 'response')) as [IncomingMessage]
    if (losesResponse(message)) {
      upstream.resume()
      await once(upstream, 'end')
      response.destroy()
      return
    }
    response.writeHead(upstream.statusCode ?? 500, upstream.headers)
    upstream.on('data', chunk => {
      bytes += chunk.length
    })
    upstream.pipe(response)
    response.on('close', () => upstream.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => bytes,
    close: async () => {
      const closed = once(server.close(), 'close')
      server.closeAllConnections()
      await closed
    },
  }
}
