import { clientDefaults } from './client-defaults.ts'
import { lazy } from './lazy.ts'

export type TopicMessage = {
  text: string
  /** ASCII on one line, at most 99 characters. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
  subject?: string
  /** Subscription filters match on these; no value may be empty. */
  attributes: Readonly<Record<string, string>>
}

/** Publishes a message to an SNS topic; returns the message's id. */
export type Publish = (topicArn: string, message: TopicMessage) => Promise<string>

export function openTopics(): Publish {
  const sns = lazy(() => import('@aws-sdk/client-sns'))
  const client = lazy(async () => new (await sns()).SNSClient(clientDefaults))
  return async (topicArn, { text, subject, attributes }) => {
    const { PublishCommand } = await sns()
    const publish = new PublishCommand({
      TopicArn: topicArn,
      Message: text,
      Subject: subject,
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
      ),
    })
    return (await (await client()).send(publish)).MessageId ?? ''
  }
}
