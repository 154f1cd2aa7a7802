import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type Front = {
  url: string
  /** Bytes of answers that went through. */
  bytes(): number
  close(): Promise<void>
}

/**
 * Stands before a server and passes everything on; where `losesAnswer` says so, the request is carried out and the
 * connection cut before its answer: what a client then repeats has happened already.
 */
export async function startFront(
  target: string,
  losesAnswer: (message: IncomingMessage) => boolean = () => false,
): Promise<Front> {
  let bytes = 0
  const server = createServer(async (message, response) => {
    const { method, headers, url } = message
    const onward = request(new URL(url ?? '/', target), { method, headers })
    onward.on('error', () => response.destroy()).end(await buffer(message))
    const [answer] = (await once(onward, 'response')) as [IncomingMessage]
    if (losesAnswer(message)) {
      answer.resume()
      await once(answer, 'end')
      response.destroy()
      return
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.on('data', chunk => {
      bytes += chunk.length
    })
    answer.pipe(response)
    response.on('close', () => answer.destroy())
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
