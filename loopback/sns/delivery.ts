import { setTimeout as sleep } from 'node:timers/promises'
import { filterPolicySchema, matches } from './filter-policy.ts'
import { httpNotification, lambdaEvent, type Publication } from './notification.ts'
import type { Subscription } from './topic-store.ts'

export type Mail = {
  to: string
  subject: string | null
  text: string
  topicArn: string
  messageId: string
  attributes: Publication['attributes']
}
export type Receivers = {
  onLambda(functionArn: string, event: ReturnType<typeof lambdaEvent>): unknown
  onMail(mail: Mail): void
}

/** Before the second, third and fourth attempt; AWS's own policy goes on for much longer. */
const HTTP_DELAYS_MS = [100, 1000, 5000]

/** Brings messages to subscriptions. HTTP deliveries go on behind the publisher's back until `close`. */
export class Deliveries {
  readonly #receivers: Receivers
  readonly #closing = new AbortController()

  constructor(receivers: Receivers) {
    this.#receivers = receivers
  }

  close() {
    this.#closing.abort()
  }

  /** Returns once functions have accepted the message: what was answered with success is not lost. */
  async deliver(publication: Publication, subscriptions: Subscription[], url: string) {
    for (const subscription of subscriptions) {
      const { protocol, endpoint, filterPolicy } = subscription
      const { topicArn, messageId, subject, text, attributes } = publication
      if (filterPolicy && !matches(filterPolicySchema.parse(JSON.parse(filterPolicy)), attributes)) continue
      if (protocol === 'lambda')
        await this.#receivers.onLambda(endpoint, lambdaEvent(publication, subscription, url))
      if (protocol === 'email')
        this.#receivers.onMail({ to: endpoint, subject, text, topicArn, messageId, attributes })
      if (protocol === 'http') void this.#post(publication, subscription, url)
    }
  }

  async #post(publication: Publication, subscription: Subscription, url: string) {
    const { signal } = this.#closing
    const body = JSON.stringify(httpNotification(publication, subscription, url))
    const headers = {
      'content-type': 'text/plain; charset=UTF-8',
      'user-agent': 'Amazon Simple Notification Service Agent',
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-message-id': publication.messageId,
      'x-amz-sns-topic-arn': publication.topicArn,
      'x-amz-sns-subscription-arn': subscription.arn,
    }
    for (const delay of [0, ...HTTP_DELAYS_MS]) {
      try {
        await sleep(delay, undefined, { signal })
        const answer = await fetch(subscription.endpoint, { method: 'POST', body, headers, signal })
        await answer.body?.cancel()
        if (answer.ok) return
      } catch {
        if (signal.aborted) return
      }
    }
  }
}
