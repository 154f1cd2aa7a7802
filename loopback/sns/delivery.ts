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
export type DeliveryHandlers = {
  onLambda(functionArn: string, event: ReturnType<typeof lambdaEvent>): unknown
  onMail(mail: Mail): void
}

/** Delays before the second, third and fourth attempt. AWS retries for much longer. */
const HTTP_DELAYS_MS = [100, 1000, 5000]

/** Delivers messages to subscriptions. HTTP deliveries run in the background until `close`. */
export class Deliveries {
  readonly #handlers: DeliveryHandlers
  readonly #stopped = new AbortController()

  constructor(handlers: DeliveryHandlers) {
    this.#handlers = handlers
  }

  close() {
    this.#stopped.abort()
  }

  /** Resolves once all functions have accepted the message, so that a successful Publish is never lost. */
  async deliver(publication: Publication, subscriptions: Subscription[], url: string) {
    for (const subscription of subscriptions) {
      const { protocol, endpoint, filterPolicy } = subscription
      const { topicArn, messageId, subject, text, attributes } = publication
      if (filterPolicy && !matches(filterPolicySchema.parse(JSON.parse(filterPolicy)), attributes)) continue
      if (protocol === 'lambda')
        await this.#handlers.onLambda(endpoint, lambdaEvent(publication, subscription, url))
      if (protocol === 'email')
        this.#handlers.onMail({ to: endpoint, subject, text, topicArn, messageId, attributes })
      if (protocol === 'http') void this.#post(publication, subscription, url)
    }
  }

  async #post(publication: Publication, subscription: Subscription, url: string) {
    const { signal } = this.#stopped
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
        const response = await fetch(subscription.endpoint, { method: 'POST', body, headers, signal })
        await response.body?.cancel()
        if (response.ok) return
      } catch {
        if (signal.aborted) return
      }
    }
  }
}
