import type { Message } from './message.ts'
import type { Subscription } from './topic-store.ts'

/** A published message. */
export type Publication = Message & { messageId: string; topicArn: string; publishedAt: Date }

/** Messages are not signed. A verifier rejects them, which is correct because they do not come from AWS. */
const SIGNATURE = { SignatureVersion: '1', Signature: 'unsigned' }

const linksOf = (url: string, subscription: Subscription) => ({
  certificate: `${url}/SimpleNotificationService.pem`,
  unsubscribe: `${url}/?Action=Unsubscribe&SubscriptionArn=${encodeURIComponent(subscription.arn)}`,
})

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
export function lambdaEvent(publication: Publication, subscription: Subscription, url: string) {
  const { certificate, unsubscribe } = linksOf(url, subscription)
  return {
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: subscription.arn,
        Sns: {
          Type: 'Notification',
          MessageId: publication.messageId,
          TopicArn: publication.topicArn,
          Subject: publication.subject,
          Message: publication.text,
          Timestamp: publication.publishedAt.toISOString(),
          ...SIGNATURE,
          SigningCertUrl: certificate,
          UnsubscribeUrl: unsubscribe,
          MessageAttributes: publication.attributes,
        },
      },
    ],
  }
}

/**
 * The body for an HTTP endpoint. As on AWS, it spells `…URL` where the Lambda event spells `…Url`.
 * https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html
 */
export function httpNotification(publication: Publication, subscription: Subscription, url: string) {
  const { certificate, unsubscribe } = linksOf(url, subscription)
  const hasAttributes = Object.keys(publication.attributes).length > 0
  return {
    Type: 'Notification',
    MessageId: publication.messageId,
    TopicArn: publication.topicArn,
    ...(publication.subject !== null && { Subject: publication.subject }),
    Message: publication.text,
    Timestamp: publication.publishedAt.toISOString(),
    ...SIGNATURE,
    SigningCertURL: certificate,
    UnsubscribeURL: unsubscribe,
    ...(hasAttributes && { MessageAttributes: publication.attributes }),
  }
}
