import type { Publish } from '../aws/topics.ts'
import { trustOfJob } from '../model/trust.ts'
import { UserError } from '../model/user-error.ts'
import type { JobMessage } from './grants.ts'

/** Publishes a message that starts a job; its attribute `trust` selects the function. */
export type PublishJob = (message: JobMessage) => Promise<void>

/** A quarter of SNS's limit. */
const MESSAGE_LIMIT = 64 * 1024

export const openJobsTopic =
  (publish: Publish, topicArn: string): PublishJob =>
  async message => {
    const { build, job } = message
    const trust = trustOfJob(build, job.identity)
    const text = JSON.stringify(message)
    if (Buffer.byteLength(text) >= MESSAGE_LIMIT) {
      throw new UserError(
        `The settings of ${build.project} are too large: with them, the message that starts its job exceeds 64 KB. Shorten config/global.json or config/${build.project}.json.`,
      )
    }
    await publish(topicArn, { text, attributes: { trust } })
  }
