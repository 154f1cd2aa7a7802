import { createHash } from 'node:crypto'
import { FunctionNotReady, type InvokeFunction } from '../aws/functions.ts'
import type { Publish } from '../aws/topics.ts'
import { type IsolatedTrust, isIsolated, trustOfJob } from '../model/trust.ts'
import { UserError } from '../model/user-error.ts'
import type { JobMessage } from './grants.ts'

/** Starts a job: its message goes to the function of its trust. */
export type PublishJob = (message: JobMessage) => Promise<void>

/** A quarter of SNS's limit. */
const MESSAGE_LIMIT = 64 * 1024

/** The ways to the run functions. */
export type FunctionWays = {
  /** To the topic, whose subscriptions select the function by the attribute `trust`. */
  publish: Publish
  topicArn: string
  /** Directly: a topic cannot name a tenant. */
  invoke: InvokeFunction
  /** The ARNs of the functions that are invoked directly. Empty: this process starts no such jobs. */
  functions: Readonly<Record<IsolatedTrust, string>>
  hasTenants: boolean
}

type Ways = FunctionWays & {
  /** Starts a job later, by another invocation, because its function is not ready. */
  startLater: PublishJob
}

export const openJobStarter =
  ({ publish, topicArn, invoke, functions, hasTenants, startLater }: Ways): PublishJob =>
  async message => {
    const { build, job } = message
    const text = JSON.stringify(message)
    if (Buffer.byteLength(text) >= MESSAGE_LIMIT) {
      throw new UserError(
        `The settings of ${build.project} are too large: with them, the message that starts its job exceeds 64 KB. Shorten config/global.json or config/${build.project}.json.`,
      )
    }
    const trust = trustOfJob(build, job.identity)
    if (!isIsolated(trust)) {
      await publish(topicArn, { text, attributes: { trust } })
      return
    }
    if (!functions[trust]) throw new Error(`This function starts no jobs of trust ${trust}`)
    const tenant = hasTenants ? tenantOf(message, trust) : undefined
    await invoke(functions[trust], message, tenant).catch(error => {
      if (!(error instanceof FunctionNotReady)) throw error
      return startLater(message)
    })
  }

/** Jobs of one branch may share a sandbox, and deploys to one stage, each kind in its own function. */
const tenantOf = ({ build: { project, branch }, job: { deploy } }: JobMessage, trust: IsolatedTrust) =>
  createHash('sha256')
    .update(`${project} ${trust === 'deploy' ? (deploy?.stage ?? '') : branch}`)
    .digest('hex')
