import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { listen, readBody } from '../loopback.ts'
import { actions, type Context } from './actions.ts'
import { Deliveries, type Receivers } from './delivery.ts'
import { parseQuery } from './query.ts'
import { notImplemented, SnsError } from './sns-error.ts'
import { openTopicStore } from './topic-store.ts'
import { answerXml, errorXml } from './xml.ts'

export type SnsOptions = Receivers & {
  port?: number
  directory: string
  /** Made at the start where they are missing. */
  topics: { name: string }[]
  account?: string
  region?: string
}
export type Sns = { url: string; topicArn(name: string): string; close(): Promise<void> }

/** A message of 256 KiB, of which each byte may be percent-encoded, and its attributes. */
const BODY_LIMIT = 4 * 1024 * 1024
const SIGNED =
  /^AWS4-HMAC-SHA256 Credential=[^\s,/]+\/\d{8}\/[a-z0-9-]+\/sns\/aws4_request, ?SignedHeaders=[^\s,]+, ?Signature=[0-9a-f]{64}$/

/** SNS on loopback, as the SDK speaks to it. Requests must be signed, but nobody checks by which key. */
export async function startSns(options: SnsOptions): Promise<Sns> {
  const { region = 'us-east-1', account = '000000000000' } = options
  const store = openTopicStore(options.directory)
  const deliveries = new Deliveries(options)
  const topicArn = (name: string) => `arn:aws:sns:${region}:${account}:${name}`
  for (const { name } of options.topics) store.addTopic(topicArn(name))
  const context: Context = {
    store,
    topicArn,
    publish: publication =>
      deliveries.deliver(publication, store.subscriptions(publication.topicArn), server.url),
  }
  const server = await listen(async (request, response) => {
    const requestId = randomUUID()
    const { status, xml } = await answer(request, context, requestId)
    response.writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }).end(xml)
  }, options.port).catch(error => {
    store.close()
    throw error
  })
  return {
    url: server.url,
    topicArn,
    close: async () => {
      deliveries.close()
      await server.close()
      store.close()
    },
  }
}

async function answer(request: IncomingMessage, context: Context, requestId: string) {
  try {
    const body = await readBody(request, BODY_LIMIT)
    if (!body) throw new SnsError(413, 'RequestEntityTooLarge', 'The request is too large')
    if (request.method !== 'POST') throw notImplemented(`${request.method} ${request.url}`)
    if (!SIGNED.test(request.headers.authorization ?? ''))
      throw new SnsError(403, 'MissingAuthenticationToken', 'The request is not signed for SNS')
    const query = parseQuery(body.toString())
    const name = query.get('Action') ?? ''
    const action = actions.get(name)
    if (!action || query.get('Version') !== '2010-03-31')
      throw notImplemented(`The action ${name} of version ${query.get('Version')}`)
    return { status: 200, xml: answerXml(name, await action(query, context), requestId) }
  } catch (error) {
    const { status, code, message } =
      error instanceof SnsError ? error : new SnsError(500, 'InternalError', String(error))
    return { status, xml: errorXml(status, code, message, requestId) }
  }
}
