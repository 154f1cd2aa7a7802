import { type Action, type QueryService, serveQuery } from '../aws-query/server.ts'
import { AuthError, type Guard, requireAccess, requireCaller } from '../iam/guard.ts'
import { listen } from '../loopback.ts'
import { actions, type Context } from './actions.ts'
import { Deliveries, type DeliveryHandlers } from './delivery.ts'
import { openTopicStore } from './topic-store.ts'

export type SnsOptions = DeliveryHandlers & {
  port?: number
  directory: string
  /** Created at the start if missing. */
  topics: { name: string }[]
  account?: string
  region?: string
  guard?: Guard
}
export type Sns = { url: string; topicArn(name: string): string; close(): Promise<void> }

const SIGNED = /^AWS4-HMAC-SHA256 Credential=[^\s,/]+\/\d{8}\/[a-z0-9-]+\/sns\/aws4_request,/

/** Starts SNS on loopback with the protocol of the AWS SDK. */
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
  const service = serviceOf(context, { region, guard: options.guard })
  const server = await listen(serveQuery(service), { port: options.port }).catch(error => {
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

/** Wraps each action in the guard's checks: the caller needs `sns:<action>` on the topic or subscription. */
function serviceOf(context: Context, host: { region: string; guard: Guard | undefined }): QueryService {
  const { region, guard } = host
  const guarded = [...actions].map(([name, action]): [string, Action] => [
    name,
    (query, signed) => {
      if (guard) {
        const { credentials } = guard
        const accessKeyId = requireCaller(signed, { service: 'sns', region, credentials })
        const named = query.get('Name')
        const resource =
          query.get('TopicArn') ?? query.get('SubscriptionArn') ?? (named ? context.topicArn(named) : '*')
        requireAccess(guard, accessKeyId, { action: `sns:${name}`, resource })
      } else if (!SIGNED.test(signed.request.headers.authorization ?? '')) {
        throw new AuthError([403, 'MissingAuthenticationToken', ''], 'The request is not signed for SNS')
      }
      return action(query, context)
    },
  ])
  return {
    version: '2010-03-31',
    namespace: 'http://sns.amazonaws.com/doc/2010-03-31/',
    actions: new Map(guarded),
  }
}
