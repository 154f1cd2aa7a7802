import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  PublishCommand,
  type PublishCommandInput,
  SNSClient,
  SubscribeCommand,
  type SubscribeCommandInput,
} from '@aws-sdk/client-sns'
import { expect, onTestFinished, test } from 'vitest'
import type { Mail } from '../../sns/delivery.ts'
import { type SnsOptions, startSns } from '../../sns/sns.ts'
import { receiveNotifications } from './http-receiver.ts'

const BUILD = 'arn:aws:lambda:us-east-1:000000000000:function:build'

function scratchDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'lambci-sns-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function start(options: Partial<SnsOptions> = {}) {
  const calls: { arn: string; event: unknown }[] = []
  const mails: Mail[] = []
  const sns = await startSns({
    directory: scratchDirectory(),
    topics: [{ name: 'jobs' }],
    onLambda: (arn, event) => calls.push({ arn, event }),
    onMail: mail => mails.push(mail),
    ...options,
  })
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const client = new SNSClient({ endpoint: sns.url, region: 'us-east-1', credentials, maxAttempts: 1 })
  let open = true
  const close = async () => {
    if (open) await sns.close()
    open = false
    client.destroy()
  }
  onTestFinished(close)
  const TopicArn = sns.topicArn('jobs')
  const publish = (input: Partial<PublishCommandInput>) =>
    client.send(new PublishCommand({ TopicArn, Message: 'x', ...input }))
  const subscribe = (input: Partial<SubscribeCommandInput>) =>
    client.send(new SubscribeCommand({ TopicArn, Protocol: 'lambda', Endpoint: BUILD, ...input }))
  return { ...sns, client, calls, mails, close, publish, subscribe, TopicArn }
}

test('a function receives the same event as on AWS', async () => {
  const { publish, subscribe, calls, TopicArn, url } = await start()
  const { SubscriptionArn } = await subscribe({})
  const { MessageId } = await publish({
    Message: '{"job":1}',
    MessageAttributes: {
      trust: { DataType: 'String', StringValue: 'fork' },
      bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2, 3) },
    },
  })
  expect(calls).toEqual([
    {
      arn: BUILD,
      event: {
        Records: [
          {
            EventSource: 'aws:sns',
            EventVersion: '1.0',
            EventSubscriptionArn: SubscriptionArn,
            Sns: {
              Type: 'Notification',
              MessageId,
              TopicArn,
              Subject: null,
              Message: '{"job":1}',
              Timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
              SignatureVersion: '1',
              Signature: 'unsigned',
              SigningCertUrl: expect.stringContaining(url),
              UnsubscribeUrl: expect.stringContaining(url),
              MessageAttributes: {
                trust: { Type: 'String', Value: 'fork' },
                bytes: { Type: 'Binary', Value: 'AQID' },
              },
            },
          },
        ],
      },
    },
  ])
})

test('Publish fails if a function does not accept the message', async () => {
  const { publish, subscribe } = await start({
    onLambda: async () => {
      throw new Error('the queue is full')
    },
  })
  await subscribe({})
  await expect(publish({})).rejects.toMatchObject({ name: 'InternalErrorException' })
})

test('an email subscription receives a mail', async () => {
  const { publish, subscribe, mails, TopicArn } = await start()
  await subscribe({ Protocol: 'email', Endpoint: 'team@example.com' })
  const { MessageId } = await publish({ Subject: 'Build passed', Message: 'All is well.' })
  expect(mails).toEqual([
    {
      to: 'team@example.com',
      subject: 'Build passed',
      text: 'All is well.',
      topicArn: TopicArn,
      messageId: MessageId,
      attributes: {},
    },
  ])
})

test('topics, subscriptions and filter policies survive a restart', async () => {
  const directory = scratchDirectory()
  const first = await start({ directory })
  await first.subscribe({ Attributes: { FilterPolicy: '{"trust":["fork"]}' } })
  await first.client.send(new CreateTopicCommand({ Name: 'builds' }))
  await first.close()
  const { publish, calls, topicArn } = await start({ directory, topics: [] })
  await publish({})
  await publish({ MessageAttributes: { trust: { DataType: 'String', StringValue: 'fork' } } })
  await publish({ TopicArn: topicArn('builds') })
  expect(calls).toHaveLength(1)
})

test('an HTTP delivery has the SNS headers', async () => {
  const { endpoint, waitFor, close } = await receiveNotifications()
  onTestFinished(close)
  const { publish, subscribe, TopicArn } = await start()
  const { SubscriptionArn } = await subscribe({ Protocol: 'http', Endpoint: endpoint })
  const { MessageId } = await publish({})
  expect((await waitFor(1))[0]?.headers).toMatchObject({
    'x-amz-sns-message-type': 'Notification',
    'x-amz-sns-message-id': MessageId,
    'x-amz-sns-topic-arn': TopicArn,
    'x-amz-sns-subscription-arn': SubscriptionArn,
  })
})

test('a failed HTTP delivery is retried', async () => {
  const { endpoint, waitFor, close } = await receiveNotifications(2)
  onTestFinished(close)
  const { publish, subscribe } = await start()
  await subscribe({ Protocol: 'http', Endpoint: endpoint })
  await publish({ Message: 'late' })
  expect((await waitFor(1))[0]?.body).toMatchObject({ Message: 'late' })
})

test.each<[string, Partial<SubscribeCommandInput>]>([
  ['a remote host', { Protocol: 'http', Endpoint: 'http://example.com/hook' }],
  [
    'a remote host that starts with 127.0.0.1',
    { Protocol: 'http', Endpoint: 'http://127.0.0.1.example.com/' },
  ],
  ['a remote host after a user name', { Protocol: 'http', Endpoint: 'http://127.0.0.1@example.com/' }],
  ['a mail address without a domain', { Protocol: 'email', Endpoint: 'team' }],
  ['a function without an ARN', { Protocol: 'lambda', Endpoint: 'build' }],
])('%s is refused as an endpoint', async (_, input) => {
  const { subscribe } = await start()
  await expect(subscribe(input)).rejects.toMatchObject({ name: 'InvalidParameterException' })
})

test('subscribing again with another filter policy is refused', async () => {
  const { subscribe } = await start()
  const { SubscriptionArn } = await subscribe({ Attributes: { FilterPolicy: '{"trust":["fork"]}' } })
  expect(await subscribe({})).toMatchObject({ SubscriptionArn })
  await expect(subscribe({ Attributes: { FilterPolicy: '{"trust":["protected"]}' } })).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringContaining('already exists with different attributes'),
  })
})

test.each(['Line\nbreak', ' space first', 'Grüße', ''])('the subject %j is refused', async Subject => {
  const { publish } = await start()
  await expect(publish({ Subject })).rejects.toMatchObject({ name: 'InvalidParameterException' })
})

test('attributes count towards the limit of 256 KiB', async () => {
  const { publish } = await start()
  const Message = 'x'.repeat(256 * 1024 - 10)
  const MessageAttributes = (StringValue: string) => ({ n: { DataType: 'String', StringValue } })
  await publish({ Message, MessageAttributes: MessageAttributes('abc') })
  await expect(publish({ Message, MessageAttributes: MessageAttributes('abcd') })).rejects.toMatchObject({
    name: 'InvalidParameterException',
  })
})

test.each([
  ['an empty value', { DataType: 'String', StringValue: '' }],
  ['an unknown type', { DataType: 'Text', StringValue: 'x' }],
  ['an invalid number', { DataType: 'Number', StringValue: 'seven' }],
])('an attribute with %s is refused', async (_, attribute) => {
  const { publish } = await start()
  await expect(publish({ MessageAttributes: { n: attribute } })).rejects.toMatchObject({
    name: 'InvalidParameterValueException',
  })
})

test.each<[string, (sns: Awaited<ReturnType<typeof start>>) => Promise<unknown>]>([
  ['The action DeleteTopic', sns => sns.client.send(new DeleteTopicCommand({ TopicArn: sns.TopicArn }))],
  ['MessageStructure', sns => sns.publish({ MessageStructure: 'json', Message: '{"default":"x"}' })],
  ["The protocol 'sms'", sns => sns.subscribe({ Protocol: 'sms', Endpoint: '+15550100' })],
  ['RawMessageDelivery', sns => sns.subscribe({ Attributes: { RawMessageDelivery: 'true' } })],
  ['A FIFO topic', sns => sns.client.send(new CreateTopicCommand({ Name: 'x.fifo' }))],
])('%s is answered with 501', async (what, request) => {
  await expect(request(await start())).rejects.toMatchObject({
    name: 'InvalidAction',
    message: expect.stringContaining(what),
    $metadata: { httpStatusCode: 501 },
  })
})

test('an unsigned request is refused', async () => {
  const { url } = await start()
  const body = 'Action=ListTopics&Version=2010-03-31'
  const answer = await fetch(url, { method: 'POST', body })
  expect(answer.status).toBe(403)
  expect(await answer.text()).toContain('<Code>MissingAuthenticationToken</Code>')
})
