import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openStore, type Store } from '../../build/store.ts'
import { type Lambda, startLambda } from '../../local/lambda/lambda.ts'
import { seedAccount } from './account.ts'
import { type FunctionOptions, functionName, functionsOf, STACK } from './functions.ts'
import { type Keys, readKeys } from './keys.ts'
import {
  BUCKET,
  JOBS,
  NOTICES,
  REGION,
  type ServerOptions,
  type Servers,
  startServers,
  subscribeAll,
} from './servers.ts'

export type SystemOptions = ServerOptions &
  Pick<FunctionOptions, 'buildTimeoutMs' | 'concurrency'> & {
    onLog?: (functionName: string, requestId: string | null, line: string) => void
  }

/** What `local.json` says: all that a program needs to use the system. */
export type Addresses = ReturnType<typeof addressesOf>

export type System = {
  addresses: Addresses
  store: Store
  lambda: Lambda
  servers: Servers
  keys: Keys
  close(): Promise<void>
}

/** Starts the whole stack on loopback: servers that stand in for AWS and GitHub, and the functions as they are. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { directory, port, onLog } = options
  const keys = await readKeys(directory)
  const hosted = Promise.withResolvers<Lambda>()
  const servers = await startServers(options, keys, hosted.promise)
  const { accessKeyId, secretAccessKey } = keys
  const access = { credentials: { accessKeyId, secretAccessKey }, endpoint: servers.s3.url, region: REGION }
  const store = openStore(BUCKET, access)
  await seedAccount(store, keys, servers.sns.topicArn(NOTICES))
  const lambda = await startLambda({
    functions: functionsOf({
      ...options,
      sandboxes: join(directory, 'sandboxes'),
      environment: environmentOf(servers, keys),
    }),
    directory: join(directory, 'lambda'),
    region: REGION,
    ...(onLog && { onLog }),
  })
  hosted.resolve(lambda)
  await subscribeAll(servers.sns, lambda, keys)
  const { url } = await lambda.functionUrl(functionName('http'), port)
  servers.github.setWebhook({ url: `${url}/webhook`, secret: keys.webhookSecret })
  const addresses = addressesOf(url, servers, keys)
  await writeFile(join(directory, 'local.json'), `${JSON.stringify(addresses, null, 2)}\n`, { mode: 0o600 })
  const close = async () => {
    await servers.github.close()
    await lambda.close()
    await Promise.all([servers.s3.close(), servers.sns.close(), servers.scheduler.close()])
  }
  return { addresses, store, lambda, servers, keys, close }
}

/** What the functions' environment holds in AWS too, and where AWS is here. */
function environmentOf(servers: Servers, keys: Keys): Record<string, string> {
  return {
    LAMBCI_STACK: STACK,
    LAMBCI_BUCKET: BUCKET,
    LAMBCI_JOBS_TOPIC: servers.sns.topicArn(JOBS),
    LAMBCI_GITHUB_URL: servers.github.url,
    LAMBCI_GITHUB_API_URL: servers.github.apiUrl,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_ENDPOINT_URL_S3: servers.s3.url,
    AWS_ENDPOINT_URL_SNS: servers.sns.url,
    AWS_ENDPOINT_URL_SCHEDULER: servers.scheduler.url,
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
    bucket: BUCKET,
    jobsTopic: servers.sns.topicArn(JOBS),
    noticesTopic: servers.sns.topicArn(NOTICES),
    webhookSecret: keys.webhookSecret,
    githubToken: keys.githubToken,
    region: REGION,
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
  }
}
