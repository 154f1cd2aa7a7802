import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { patience } from '../build/patience.ts'
import type { Notice } from './notice.ts'

/** Sends a notice to a topic; answers the message's id. */
export type SendNotice = (topicArn: string, notice: Notice) => Promise<string>

export function openNotices(): SendNotice {
  const client = new SNSClient(patience)
  return async (topicArn, { subject, text, attributes }) => {
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
    )
    const publish = new PublishCommand({
      TopicArn: topicArn,
      Subject: subject,
      Message: text,
      MessageAttributes,
    })
    return (await client.send(publish)).MessageId ?? ''
  }
}
