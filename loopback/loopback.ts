import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UserError } from '../src/model/user-error.ts'

export type Listening = { url: string; close(): Promise<void> }
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

const HOST = '127.0.0.1'

/**
 * Serves HTTP on loopback only; port 0 means any free one. A handler that throws answers 500 with the message.
 * @throws Problem when the port is taken or not allowed.
 */
export async function listen(handler: Handler, port = 0): Promise<Listening> {
  const server = createServer(async (request, response) => {
    try {
      await handler(request, response)
    } catch (error) {
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error))
    }
  })
  const url = await bind(server, port)
  return {
    url,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/**
 * Binds a server to loopback; answers its URL.
 * @throws Problem when the port is taken or not allowed.
 */
export async function bind(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(explain(error, port)))
    server.listen(port, HOST, resolve)
  })
  return `http://${HOST}:${(server.address() as AddressInfo).port}`
}

function explain(error: NodeJS.ErrnoException, port: number) {
  if (error.code === 'EADDRINUSE')
    return new UserError(
      `Port ${port} on ${HOST} is in use by another program: choose another, or 0 for any.`,
    )
  if (error.code === 'EACCES')
    return new UserError(
      `Port ${port} on ${HOST} is not open to this user: choose one above 1023, or 0 for any.`,
    )
  return error
}

/** The whole body, or null where it is longer than `limit` bytes; the rest is then read and dropped. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  // An answer before the end of the request would reach most clients as a broken connection.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    else chunks.length = 0
  }
  return size <= limit ? Buffer.concat(chunks) : null
}
