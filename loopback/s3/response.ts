import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { S3Response } from './call.ts'
import { Fault } from './faults.ts'
import { writeXml } from './xml.ts'

/** Sends a response. If the body is a stream, resolves once all of it has been sent. */
export async function send(response: ServerResponse, { status, headers, body }: S3Response): Promise<void> {
  if (body instanceof Readable) {
    response.writeHead(status, headers)
    await pipeline(body, response)
  } else if (body instanceof Uint8Array) response.writeHead(status, headers).end(body)
  else if (body) {
    const document = writeXml(body)
    const length = String(Buffer.byteLength(document))
    const allHeaders = { 'content-type': 'application/xml', 'content-length': length, ...headers }
    response.writeHead(status, allHeaders).end(document)
  } else response.writeHead(status, headers).end()
}

/** Sends an error response, unless the client has disconnected or a response has already started. */
export async function sendFault(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): Promise<void> {
  // With pipelining, the response has no socket until the response before it is finished.
  const disconnected = request.socket.destroyed
  // A client that disconnects in mid-stream is not an error.
  if (!disconnected && !(error instanceof Fault)) console.error(error)
  if (disconnected || response.headersSent) {
    request.socket.destroy()
    return
  }
  const { code, message, status, details } = error instanceof Fault ? error : new Fault('InternalError')
  const fields = {
    Code: code,
    Message: message,
    Resource: request.url ?? '',
    ...details,
    RequestId: String(response.getHeader('x-amz-request-id') ?? ''),
  }
  await send(response, { status, body: ['Error', Object.entries(fields)] })
}
