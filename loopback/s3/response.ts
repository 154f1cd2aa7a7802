import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { S3Response } from './call.ts'
import { Fault } from './faults.ts'
import { writeXml } from './xml.ts'

/** Sends an answer; a body that streams is sent to its end. */
export async function send(response: ServerResponse, { status, headers, body }: S3Response): Promise<void> {
  if (body instanceof Readable) {
    response.writeHead(status, headers)
    await pipeline(body, response)
  } else if (body) {
    const document = writeXml(body)
    const length = String(Buffer.byteLength(document))
    const described = { 'content-type': 'application/xml', 'content-length': length, ...headers }
    response.writeHead(status, described).end(document)
  } else response.writeHead(status, headers).end()
}

/** Tells the client what was wrong, as long as it is there and has been told nothing else. */
export async function sendFault(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): Promise<void> {
  // Not the response's own socket: it has none yet while the answer before it is being finished.
  const gone = request.socket.destroyed
  // A client that goes away in mid-stream is no fault of anybody's.
  if (!gone && !(error instanceof Fault)) console.error(error)
  if (gone || response.headersSent) {
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
