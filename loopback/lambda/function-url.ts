import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Listening, listen, readBody } from '../loopback.ts'
import type { Location } from './definition.ts'
import { httpEvent } from './http-event.ts'
import { type HttpResponse, toHttpResponse } from './http-response.ts'
import type { InvocationResult } from './invocation-result.ts'
import { PAYLOAD_LIMIT } from './runtime-api.ts'

export type FunctionUrl = Listening

const TOO_LARGE: HttpResponse = {
  status: 413,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"error":"The request is larger than 6 MB, the limit of a function URL."}'),
}
const BAD_GATEWAY = plain(502, 'Internal Server Error')

/** Serves HTTP on loopback and invokes the function for each request, as a function URL does. */
export function serveFunctionUrl(
  invoke: (event: unknown) => Promise<InvocationResult>,
  location: Location,
  port?: number,
): Promise<FunctionUrl> {
  return listen(
    async (request, response) => {
      const body = await readBody(request, PAYLOAD_LIMIT)
      if (!body) return send(response, TOO_LARGE)
      const { method = 'GET', url: target = '/', httpVersion, headersDistinct: headers, socket } = request
      const sourceIp = socket.remoteAddress ?? '127.0.0.1'
      const received = { method, target, httpVersion, headers, sourceIp, body }
      const event = httpEvent(received, location, randomUUID(), new Date())
      // The limit applies to the event; base64 makes it a third larger than the body.
      if (Buffer.byteLength(JSON.stringify(event)) > PAYLOAD_LIMIT) return send(response, TOO_LARGE)
      const result = await invoke(event)
      send(response, (result.ok && toHttpResponse(result.payload)) || BAD_GATEWAY)
    },
    { port, visitors: 'navigations' },
  )
}

function send(response: ServerResponse, { status, headers, body }: HttpResponse) {
  response.writeHead(status, { ...headers, 'content-length': body.length }).end(body)
}

function plain(status: number, text: string): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) }
}
