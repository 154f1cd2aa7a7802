import { once } from '../build/once.ts'
import { patience } from '../build/patience.ts'
import { Problem } from '../problem.ts'
import type { Order } from './admission.ts'

/** Publishes an order to a build function; the attribute `trust` chooses which. */
export type PublishOrder = (order: Order) => Promise<void>

// A quarter of SNS's limit: whatever was pushed, an order stays far from it.
const ORDER_LIMIT = 64 * 1024

export function openJobsTopic(topicArn: string): PublishOrder {
  const sns = once(() => import('@aws-sdk/client-sns'))
  const client = once(async () => new (await sns()).SNSClient(patience))
  return async order => {
    const message = JSON.stringify(order)
    if (Buffer.byteLength(message) >= ORDER_LIMIT) {
      throw new Problem(
        `The settings of ${order.job.project} are too large: with them the job takes over 64 KB. Shorten config/global.json or config/${order.job.project}.json.`,
      )
    }
    const { PublishCommand } = await sns()
    await (await client()).send(
      new PublishCommand({
        TopicArn: topicArn,
        Message: message,
        MessageAttributes: { trust: { DataType: 'String', StringValue: order.job.trust } },
      }),
    )
  }
}
