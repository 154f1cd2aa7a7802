import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/aws/bucket.ts'
import { appSecret } from '../../src/github/hook-secrets.ts'
import type { Store } from '../../src/records/store.ts'
import { functionArn } from '../lambda/definition.ts'
import { type Lambda, startLambda } from '../lambda/lambda.ts'
import { OpenResources } from '../open-resources.ts'
import type { IssuedCredentials } from '../sts/sts.ts'
import { seedAccount } from './account.ts'
import { type FunctionOptions, functionName, functionsOf } from './functions.ts'
import { type Keys, readKeys } from './keys.ts'
import {
  createSubscriptions,
  publishFailure,
  type ServerOptions,
  type Servers,
  STACK_CONTEXT,
  startServers,
} from './servers.ts'

export type SystemOptions = ServerOptions &
  Pick<
    FunctionOptions,
    | 'buildTimeoutMs'
    | 'concurrency'
    | 'hostConcurrency'
    | 'environment'
    | 'moduleOf'
    | 'bootstrap'
    | 'mixesTenants'
  > & {
    /** Delays between the attempts of an asynchronous invocation. Default: Lambda's, which are minutes. */
    retryDelaysMs?: readonly number[] | undefined
    /** How long a push over HTTP waits for links to its builds. */
    pushTimeoutMs?: number | undefined
    /** How long an event of http or report waits for a busy sandbox. Default: see `LambdaOptions`. */
    busyMs?: number
    /** Replaces Slack's API URL. */
    slackApiUrl?: string | undefined
    onLog?: (functionName: string, requestId: string | null, line: string) => void
  }

/** How long the start waits for deliveries that are resent. */
const REDELIVERY_MS = 30_000

/** The content of `local.json`: everything needed to use the system. */
export type Addresses = ReturnType<typeof addressesOf>

export type System = {
  addresses: Addresses
  store: Store
  lambda: Lambda
  servers: Servers
  keys: Keys
  close(): Promise<void>
}

/**
 * Starts the whole stack on loopback: the servers that replace AWS and GitHub, and the stack's functions.
 * @throws UserError if a port is taken, or another process uses the directory. Everything that had started is then closed.
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { directory, port, onLog } = options
  const keys = await readKeys(directory)
  const started = Promise.withResolvers<Lambda>()
  const servers = await startServers(options, keys, started.promise)
  const { stack, sts } = servers
  const awsServers = [servers.s3, servers.sns, servers.scheduler, sts, servers.lambdaApi]
  await using opened = new OpenResources()
  opened.add(servers, async () => {
    // Ends any wait for Lambda. It has no effect once Lambda has started.
    started.promise.catch(() => {})
    started.reject(new Error('The system did not start'))
    await Promise.all([servers.github, ...awsServers].map(each => each.close()))
  })
  const bucket = stack.bucket.BucketName
  const access = { credentials: keys, endpoint: servers.s3.url, region: STACK_CONTEXT.region }
  const store = opened.add(openStore(bucket, access), async each => each.close())
  await seedAccount(store, keys, stack.outputs.NotificationsTopic ?? '')
  // A delivery whose answer was lost is resent. Its build must not end first, or the delivery would count as a request for another one.
  const redelivered = Promise.withResolvers<void>()
  const starting = startLambda({
    resumeAfter: redelivered.promise,
    functions: functionsOf(stack, {
      ...options,
      sandboxes: join(directory, 'sandboxes'),
      environmentOf: (roleArn, name) => ({
        ...environmentOf(servers, sts.issue(roleArn, functionArn(STACK_CONTEXT, name)), options.proxyUrl),
        ...(options.slackApiUrl && { LAMBCI_SLACK_API_URL: options.slackApiUrl }),
      }),
      onFailure: (topicArn, roleArn, record) => publishFailure(servers, { topicArn, roleArn }, record),
    }),
    directory: join(directory, 'lambda'),
    ...(options.clock && { clock: options.clock }),
    ...(options.retryDelaysMs && { retryDelaysMs: options.retryDelaysMs }),
    ...(options.busyMs !== undefined && { busyMs: options.busyMs }),
    ...STACK_CONTEXT,
    ...(onLog && { onLog }),
  })
  const lambda = opened.add(await starting, each => each.close())
  started.resolve(lambda)
  await createSubscriptions(servers, keys)
  const { url } = await lambda.functionUrl(functionName('http'), port)
  const timeoutMs = options.pushTimeoutMs
  const pages = { url, linkKey: keys.linkKey, ...(timeoutMs !== undefined && { timeoutMs }) }
  const webhook = { url: `${url}/webhook`, secret: keys.webhookSecret, isDerived: true, pages }
  const redelivering = servers.github.setWebhook(webhook)
  const longest = sleep(REDELIVERY_MS, undefined, { ref: false })
  void Promise.race([redelivering, longest]).finally(redelivered.resolve)
  const addresses = addressesOf(url, servers, keys)
  const file = join(directory, 'local.json')
  await writeFile(file, `${JSON.stringify(addresses, null, 2)}\n`, { mode: 0o600 })
  const close = async () => {
    await rm(file, { force: true })
    await servers.github.close()
    await lambda.close()
    await Promise.all(awsServers.map(each => each.close()))
    store.close()
  }
  opened.keep()
  return { addresses, store, lambda, servers, keys, close }
}

/** The variables with which the AWS SDK in a function finds the local endpoints and its role's credentials. */
function environmentOf(
  { s3, sns, scheduler, sts, lambdaApi }: Servers,
  issued: IssuedCredentials,
  proxyUrl: ServerOptions['proxyUrl'] = (_, url) => url,
): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: issued.accessKeyId,
    AWS_SECRET_ACCESS_KEY: issued.secretAccessKey,
    AWS_SESSION_TOKEN: issued.sessionToken,
    AWS_ENDPOINT_URL_S3: proxyUrl('s3', s3.url),
    AWS_ENDPOINT_URL_SNS: proxyUrl('sns', sns.url),
    AWS_ENDPOINT_URL_SCHEDULER: scheduler.url,
    AWS_ENDPOINT_URL_STS: sts.url,
    AWS_ENDPOINT_URL_LAMBDA: proxyUrl('lambda', lambdaApi.url),
  }
}

function addressesOf(url: string, servers: Servers, keys: Keys) {
  return {
    url,
    s3: servers.s3.url,
    sns: servers.sns.url,
    github: servers.github.url,
    githubApi: servers.github.apiUrl,
    scheduler: servers.scheduler.url,
    sts: servers.sts.url,
    lambda: servers.lambdaApi.url,
    bucket: servers.stack.bucket.BucketName,
    jobsTopic: servers.stack.outputs.JobsTopic ?? '',
    notificationsTopic: servers.stack.outputs.NotificationsTopic ?? '',
    // A GitHub App's secret, which signs for every repository. Each repository's webhook has its own.
    webhookSecret: appSecret(keys.webhookSecret),
    githubToken: keys.githubToken,
    region: STACK_CONTEXT.region,
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
  }
}
