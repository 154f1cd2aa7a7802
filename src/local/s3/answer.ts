import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Answer } from './call.ts'
import { Fault } from './faults.ts'
import { writeXml } from './xml.ts'

/** Sends an answer; a body that streams is sent to its end. */
export async function send(response: ServerResponse, { status, headers, body }: Answer): Promise<void> {
  if (body instanceof Readable) {
    response.writeHead(status, headers)
    await pipeline(body, response)
    return
  }
  if (!body) {
    response.writeHead(status, headers).end()
    return
  }
  const document = writeXml(body)
  const length = String(Buffer.byteLength(document))
  response
    .writeHead(status, { 'content-type': 'application/xml', 'content-length': length, ...headers })
    .end(document)
}

/** Tells the client what was wrong, as long as it is there and has been told nothing else. */
export function sendFault(response: ServerResponse, error: unknown, resource: string): void {
  if (response.headersSent || !response.socket || response.socket.destroyed) {
    response.destroy()
    return
  }
  if (!(error instanceof Fault)) console.error(error)
  const { code, message, status, details } = error instanceof Fault ? error : new Fault('InternalError')
  const fields = {
    Code: code,
    Message: message,
    Resource: resource,
    ...details,
    RequestId: String(response.getHeader('x-amz-request-id') ?? ''),
  }
  void send(response, { status, body: ['Error', Object.entries(fields)] })
}
