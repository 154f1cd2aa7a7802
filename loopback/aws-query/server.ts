import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AuthError } from '../iam/guard.ts'
import { readBody } from '../loopback.ts'
import { parseQuery, type Query } from './query.ts'
import { notImplemented, QueryError } from './query-error.ts'
import { errorXml, responseXml, type XmlValue } from './xml.ts'

export type ActionResult = { [name: string]: XmlValue }
/** A complete request whose signature is not verified yet. */
export type SignedRequest = { request: IncomingMessage; body: Buffer }
export type Action = (query: Query, signed: SignedRequest) => ActionResult | Promise<ActionResult>

export type QueryService = {
  version: string
  namespace: string
  actions: ReadonlyMap<string, Action>
}

/** In bytes. Fits a message of 256 KiB with every byte percent-encoded, and its attributes. */
const BODY_LIMIT = 4 * 1024 * 1024

/** Serves the awsQuery protocol: requests are forms, responses are XML. */
export const serveQuery =
  (service: QueryService) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = randomUUID()
    const { status, xml } = await respond(request, service, requestId)
    response.writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }).end(xml)
  }

async function respond(request: IncomingMessage, service: QueryService, requestId: string) {
  const { version, namespace, actions } = service
  try {
    const body = await readBody(request, BODY_LIMIT)
    if (!body) throw new QueryError(413, 'RequestEntityTooLarge', 'The request is too large')
    if (request.method !== 'POST') throw notImplemented(`${request.method} ${request.url}`)
    const query = parseQuery(body.toString())
    const name = query.get('Action') ?? ''
    const action = actions.get(name)
    if (!action || query.get('Version') !== version)
      throw notImplemented(`The action ${name} of version ${query.get('Version')}`)
    const result = await action(query, { request, body })
    return { status: 200, xml: responseXml(name, result, { namespace, requestId }) }
  } catch (error) {
    const isExpected = error instanceof QueryError || error instanceof AuthError
    const fault = isExpected ? error : new QueryError(500, 'InternalError', String(error))
    return { status: fault.status, xml: errorXml(fault, { namespace, requestId }) }
  }
}
