import { createHash } from 'node:crypto'
import type { InvokeFunction } from '../aws/functions.ts'
import type { Publish } from '../aws/topics.ts'
import { trustOfJob } from '../model/trust.ts'
import { UserError } from '../model/user-error.ts'
import type { JobMessage } from './grants.ts'

/** Starts a job: its message goes to the function of its trust. */
export type PublishJob = (message: JobMessage) => Promise<void>

/** A quarter of SNS's limit. */
const MESSAGE_LIMIT = 64 * 1024

type Ways = {
  /** To the topic, whose subscriptions select the function by the attribute `trust`. */
  publish: Publish
  topicArn: string
  /** Directly to the function of deploys: a topic could name no tenant. */
  invoke: InvokeFunction
  deployFunctionArn: string
  hasTenants: boolean
}

export const openJobStarter =
  ({ publish, topicArn, invoke, deployFunctionArn, hasTenants }: Ways): PublishJob =>
  async message => {
    const { build, job } = message
    const text = JSON.stringify(message)
    if (Buffer.byteLength(text) >= MESSAGE_LIMIT) {
      throw new UserError(
        `The settings of ${build.project} are too large: with them, the message that starts its job exceeds 64 KB. Shorten config/global.json or config/${build.project}.json.`,
      )
    }
    const trust = trustOfJob(build, job.identity)
    if (trust !== 'deploy') {
      await publish(topicArn, { text, attributes: { trust } })
      return
    }
    if (!deployFunctionArn) throw new Error('This function starts no deploys')
    await invoke(deployFunctionArn, message, hasTenants ? tenantOf(message) : undefined)
  }

/** Deploys of one stage may share a sandbox, and no others. */
const tenantOf = ({ build: { project }, job: { deploy } }: JobMessage) =>
  createHash('sha256')
    .update(`${project} ${deploy?.stage ?? ''}`)
    .digest('hex')
