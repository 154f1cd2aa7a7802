import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UserError } from '../src/model/user-error.ts'
import { refusalOf, type Visitors } from './own-requests.ts'

export type Listening = { url: string; close(): Promise<void> }
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

const HOST = '127.0.0.1'

type ServerOptions = {
  /** 0, the default, picks a free port. */
  port?: number | undefined
  /** Default: `own`. */
  visitors?: Visitors | undefined
  /** If a server closes an idle connection just as a client reuses it, the client sees a failed request. Default: Node's 5 s. */
  keepAliveTimeoutMs?: number
  /** Default: Node's 5 minutes; 0 for none. */
  requestTimeoutMs?: number
}

/**
 * Serves HTTP on loopback only. If the handler throws, the response is a 500 with the error message.
 * @throws UserError if the port is in use or not permitted
 */
export async function listen(handler: Handler, options: ServerOptions = {}): Promise<Listening> {
  const { url, server } = await openServer(async (request, response) => {
    setDate(response)
    try {
      await handler(request, response)
    } catch (error) {
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error))
    }
  }, options)
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
 * Opens a server on loopback. This function opens every server here. Requests to another host, or from pages elsewhere, get 403 before the
 * handler sees them.
 * @throws UserError if the port is in use or not permitted
 */
export async function openServer(
  handler: Handler,
  { port = 0, visitors = 'own', keepAliveTimeoutMs, requestTimeoutMs }: ServerOptions,
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const refusal = refusalOf(request, visitors)
    if (refusal === null) return void handler(request, response)
    setDate(response)
    response.writeHead(403, { 'content-type': 'text/plain' }).end(`${refusal}\n`)
  })
  if (keepAliveTimeoutMs !== undefined) server.keepAliveTimeout = keepAliveTimeoutMs
  if (requestTimeoutMs !== undefined) server.requestTimeout = requestTimeoutMs
  return { url: await bind(server, port), server }
}

/**
 * Sets the response's time from this process, whose clock tests may have moved. Node would use the machine's, and the SDK would correct its
 * own clock by the difference.
 */
export function setDate(response: ServerResponse): void {
  response.setHeader('date', new Date().toUTCString())
}

async function bind(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(toUserError(error, port)))
    server.listen(port, HOST, resolve)
  })
  return `http://${HOST}:${(server.address() as AddressInfo).port}`
}

function toUserError(error: NodeJS.ErrnoException, port: number) {
  if (error.code === 'EADDRINUSE')
    return new UserError(
      `Port ${port} on ${HOST} is in use by another program. Choose another port, or 0 for any free one.`,
    )
  if (error.code === 'EACCES')
    return new UserError(
      `Port ${port} on ${HOST} is not permitted for this user. Choose a port above 1023, or 0 for any free one.`,
    )
  return error
}

/** Returns the whole body. If it is longer than `limit` bytes, reads and discards it and returns null. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  // Most clients mistake a response before the end of the request for a broken connection.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    else chunks.length = 0
  }
  return size <= limit ? Buffer.concat(chunks) : null
}
