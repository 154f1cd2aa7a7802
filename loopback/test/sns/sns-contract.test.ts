import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateTopicCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishCommand,
  type PublishCommandInput,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { clientConfigFromEnv } from '../../../test/support/loopback-aws.ts'
import { startSns } from '../../sns/sns.ts'
import { receiveNotifications } from './http-receiver.ts'

/** The contract of every SNS server. LAMBCI_TEST_SNS_ENDPOINT selects another server than the loopback one. */
let client: SNSClient
let stop = async () => {}

beforeAll(async () => {
  let endpoint = process.env.LAMBCI_TEST_SNS_ENDPOINT
  if (!endpoint) {
    const directory = mkdtempSync(join(tmpdir(), 'lambci-sns-'))
    const sns = await startSns({ directory, topics: [], onLambda: () => {}, onMail: () => {} })
    endpoint = sns.url
    stop = async () => {
      await sns.close()
      rmSync(directory, { recursive: true, force: true })
    }
  }
  client = new SNSClient({ endpoint, ...clientConfigFromEnv() })
})
afterAll(async () => {
  client.destroy()
  await stop()
})

async function topic() {
  const { TopicArn } = await client.send(new CreateTopicCommand({ Name: `t-${randomUUID()}` }))
  return TopicArn!
}

async function receiver() {
  const endpoint = await receiveNotifications()
  onTestFinished(endpoint.close)
  return endpoint
}

async function subscribe(TopicArn: string, Endpoint: string, Attributes?: Record<string, string>) {
  const { SubscriptionArn } = await client.send(
    new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint, Attributes, ReturnSubscriptionArn: true }),
  )
  return SubscriptionArn!
}

const publish = (input: PublishCommandInput) => client.send(new PublishCommand(input))
const attribute = (StringValue: string, DataType = 'String') => ({ DataType, StringValue })
const textsOf = (received: { body: Record<string, unknown> }[]) =>
  received.map(({ body }) => body.Message).toSorted()

test('a topic is created only once and listed', async () => {
  const Name = `t-${randomUUID()}`
  const first = await client.send(new CreateTopicCommand({ Name }))
  const second = await client.send(new CreateTopicCommand({ Name }))
  expect(first.TopicArn).toMatch(new RegExp(`^arn:aws:sns:[a-z0-9-]+:\\d{12}:${Name}$`))
  expect(second.TopicArn).toBe(first.TopicArn)
  const { Topics } = await client.send(new ListTopicsCommand({}))
  expect(Topics).toContainEqual({ TopicArn: first.TopicArn })
})

test('a message is delivered to an HTTP subscription as a notification', async () => {
  const [TopicArn, { endpoint, waitFor }] = [await topic(), await receiver()]
  await subscribe(TopicArn, endpoint)
  const Message = 'a <b> & "c"\r\n\u{1f40f} 100%+'
  const { MessageId } = await publish({
    TopicArn,
    Subject: 'Build #7 <passed>',
    Message,
    MessageAttributes: { status: attribute('passed'), number: attribute('7', 'Number') },
  })
  expect((await waitFor(1))[0]?.body).toMatchObject({
    Type: 'Notification',
    MessageId,
    TopicArn,
    Subject: 'Build #7 <passed>',
    Message,
    Timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    MessageAttributes: {
      status: { Type: 'String', Value: 'passed' },
      number: { Type: 'Number', Value: '7' },
    },
  })
})

test('a subscription is listed until it is deleted', async () => {
  const [TopicArn, { endpoint }] = [await topic(), await receiver()]
  const SubscriptionArn = await subscribe(TopicArn, endpoint)
  expect(await subscribe(TopicArn, endpoint)).toBe(SubscriptionArn)
  const list = async () => {
    const { Subscriptions } = await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }))
    return Subscriptions
  }
  expect(await list()).toMatchObject([{ SubscriptionArn, TopicArn, Protocol: 'http', Endpoint: endpoint }])
  await client.send(new UnsubscribeCommand({ SubscriptionArn }))
  expect(await list()).toEqual([])
})

test('a filter policy selects the messages of a subscription', async () => {
  const [TopicArn, { endpoint, waitFor }] = [await topic(), await receiver()]
  await subscribe(TopicArn, endpoint, { FilterPolicy: '{"trust":["fork"]}' })
  const send = (Message: string, trust?: string) =>
    publish({ TopicArn, Message, ...(trust && { MessageAttributes: { trust: attribute(trust) } }) })
  await send('one', 'branch')
  await send('two')
  await send('three', 'fork')
  expect(textsOf(await waitFor(1))).toEqual(['three'])
})

test('a filter policy can be changed', async () => {
  const [TopicArn, { endpoint, waitFor }] = [await topic(), await receiver()]
  const SubscriptionArn = await subscribe(TopicArn, endpoint, { FilterPolicy: '{"trust":["fork"]}' })
  await client.send(
    new SetSubscriptionAttributesCommand({
      SubscriptionArn,
      AttributeName: 'FilterPolicy',
      AttributeValue: '{"trust":[{"anything-but":["fork"]}]}',
    }),
  )
  for (const trust of ['fork', 'branch', 'protected'])
    await publish({ TopicArn, Message: trust, MessageAttributes: { trust: attribute(trust) } })
  expect(textsOf(await waitFor(2))).toEqual(['branch', 'protected'])
})

test('publishing to an unknown topic fails with NotFound', async () => {
  const TopicArn = (await topic()).replace(/[^:]+$/, 'unknown')
  await expect(publish({ TopicArn, Message: 'x' })).rejects.toMatchObject({
    name: 'NotFoundException',
    $metadata: { httpStatusCode: 404 },
  })
})

test.each([
  ['an empty message', { Message: '' }],
  ['a subject of over 100 characters', { Message: 'x', Subject: 'x'.repeat(101) }],
  ['a message of over 256 KiB', { Message: 'x'.repeat(256 * 1024 + 1) }],
])('%s is an invalid parameter', async (_, input) => {
  const TopicArn = await topic()
  await expect(publish({ TopicArn, ...input })).rejects.toMatchObject({ name: 'InvalidParameterException' })
})

test('a message of 256 KiB is delivered', async () => {
  const [TopicArn, { endpoint, waitFor }] = [await topic(), await receiver()]
  await subscribe(TopicArn, endpoint)
  const Message = '&'.repeat(256 * 1024)
  await publish({ TopicArn, Message })
  expect(textsOf(await waitFor(1))).toEqual([Message])
})

test('an unknown condition of a filter policy is an invalid parameter', async () => {
  const [TopicArn, { endpoint }] = [await topic(), await receiver()]
  const FilterPolicy = '{"trust":[{"sounds-like":"fork"}]}'
  await expect(subscribe(TopicArn, endpoint, { FilterPolicy })).rejects.toMatchObject({
    name: 'InvalidParameterException',
  })
})
