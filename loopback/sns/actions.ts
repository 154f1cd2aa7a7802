import { randomUUID } from 'node:crypto'
import { type Query, stringMap } from '../aws-query/query.ts'
import { notImplemented } from '../aws-query/query-error.ts'
import type { ActionResult } from '../aws-query/server.ts'
import { filterPolicySchema } from './filter-policy.ts'
import { parseMessage } from './message.ts'
import type { Publication } from './notification.ts'
import { invalidParameter, notFound } from './sns-error.ts'
import type { Subscription, TopicStore } from './topic-store.ts'

export type Context = {
  store: TopicStore
  topicArn(name: string): string
  publish(publication: Publication): Promise<void>
}
type SnsAction = (query: Query, context: Context) => ActionResult | Promise<ActionResult>

/** https://docs.aws.amazon.com/sns/latest/api/API_Operations.html. Lists are not paginated. */
export const actions: ReadonlyMap<string, SnsAction> = new Map<string, SnsAction>([
  ['CreateTopic', createTopic],
  ['ListTopics', (_, { store }) => ({ Topics: store.topics().map(TopicArn => ({ TopicArn })) })],
  ['Subscribe', subscribe],
  ['Unsubscribe', unsubscribe],
  ['ListSubscriptionsByTopic', listSubscriptions],
  ['SetSubscriptionAttributes', setSubscriptionAttributes],
  ['Publish', publish],
])

function createTopic(query: Query, { store, topicArn }: Context): ActionResult {
  const name = query.get('Name') ?? ''
  if (name.endsWith('.fifo')) throw notImplemented('A FIFO topic')
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) throw invalidParameter('Topic Name')
  // The display name has no effect here. Attributes with an effect must not be ignored silently.
  for (const attribute of Object.keys(stringMap(query, 'Attributes')))
    if (attribute !== 'DisplayName') throw notImplemented(`The topic attribute ${attribute}`)
  store.addTopic(topicArn(name))
  return { TopicArn: topicArn(name) }
}

function subscribe(query: Query, { store }: Context): ActionResult {
  const topicArn = existingTopic(query, store)
  const [protocol = '', endpoint = ''] = [query.get('Protocol'), query.get('Endpoint')]
  checkEndpoint(protocol, endpoint)
  const attributes = Object.entries(stringMap(query, 'Attributes'))
  const initial: Subscription = {
    arn: `${topicArn}:${randomUUID()}`,
    topicArn,
    protocol,
    endpoint,
    filterPolicy: null,
  }
  const requested = attributes.reduce(
    (subscription, [name, value]) => withAttribute(subscription, name, value),
    initial,
  )
  const existing = store
    .subscriptions(topicArn)
    .find(other => other.protocol === protocol && other.endpoint === endpoint)
  if (!existing) store.put(requested)
  else if (attributes.length > 0 && existing.filterPolicy !== requested.filterPolicy)
    throw invalidParameter('Attributes Reason: Subscription already exists with different attributes')
  return { SubscriptionArn: (existing ?? requested).arn }
}

/** Only loopback endpoints are allowed, so subscriptions need no confirmation. */
function checkEndpoint(protocol: string, endpoint: string) {
  const valid = {
    lambda: () =>
      /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]{1,64}(:[A-Za-z0-9-_$]+)?$/.test(endpoint),
    http: () =>
      URL.canParse(endpoint) &&
      /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(new URL(endpoint).href),
    email: () => /^[^\s@]+@[^\s@]+$/.test(endpoint),
  }
  if (!Object.hasOwn(valid, protocol)) throw notImplemented(`The protocol '${protocol}'`)
  if (!valid[protocol as keyof typeof valid]())
    throw invalidParameter(
      `Endpoint Reason: '${endpoint}' is not a valid ${protocol} endpoint on this machine`,
    )
}

function withAttribute(subscription: Subscription, name: string, value: string): Subscription {
  if (name === 'FilterPolicyScope' && value === 'MessageAttributes') return subscription
  if (name === 'RawMessageDelivery' && value === 'false') return subscription
  if (name !== 'FilterPolicy') throw notImplemented(`The subscription attribute ${name}=${value}`)
  try {
    const policy = filterPolicySchema.parse(JSON.parse(value === '' ? '{}' : value))
    return { ...subscription, filterPolicy: Object.keys(policy).length > 0 ? JSON.stringify(policy) : null }
  } catch {
    throw invalidParameter(`FilterPolicy: not JSON, or with unsupported conditions: ${value.slice(0, 200)}`)
  }
}

function unsubscribe(query: Query, { store }: Context): ActionResult {
  store.remove(query.get('SubscriptionArn') ?? '')
  return {}
}

function listSubscriptions(query: Query, { store, topicArn }: Context): ActionResult {
  const owner = topicArn('').split(':')[4] ?? ''
  const Subscriptions = store.subscriptions(existingTopic(query, store)).map(each => ({
    SubscriptionArn: each.arn,
    Owner: owner,
    Protocol: each.protocol,
    Endpoint: each.endpoint,
    TopicArn: each.topicArn,
  }))
  return { Subscriptions }
}

function setSubscriptionAttributes(query: Query, { store }: Context): ActionResult {
  const subscription = store.find(query.get('SubscriptionArn') ?? '')
  if (!subscription) throw notFound('Subscription')
  store.put(withAttribute(subscription, query.get('AttributeName') ?? '', query.get('AttributeValue') ?? ''))
  return {}
}

async function publish(query: Query, { store, publish }: Context): Promise<ActionResult> {
  for (const target of ['TargetArn', 'PhoneNumber'])
    if (query.has(target)) throw notImplemented(`Publish to a ${target}`)
  const topicArn = existingTopic(query, store)
  const publication = { ...parseMessage(query), topicArn, messageId: randomUUID(), publishedAt: new Date() }
  await publish(publication)
  return { MessageId: publication.messageId }
}

function existingTopic(query: Query, store: TopicStore): string {
  const arn = query.get('TopicArn') ?? ''
  if (!/^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}$/.test(arn))
    throw invalidParameter(`TopicArn Reason: '${arn}' is not the ARN of a topic`)
  if (!store.hasTopic(arn)) throw notFound('Topic')
  return arn
}
