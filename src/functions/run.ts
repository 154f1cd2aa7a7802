import * as z from 'zod'
import { jobMessageSchema } from '../admission/grants.ts'
import { openStore } from '../aws/bucket.ts'
import { WarmCache } from '../cache/warm-cache.ts'
import { runJob } from '../run-job.ts'
import { Mirrors } from '../workspace/mirrors.ts'
import { readEnvironment } from './environment.ts'

const environment = readEnvironment(process.env, [
  'LAMBCI_BUCKET',
  'LAMBCI_SANDBOX',
  'LAMBCI_STORAGE',
  'LAMBCI_LOG_LIMIT',
  'LAMBCI_GITHUB_URL',
])

/** A fifth of short invocations, half a minute of long ones: time to stop a command, send its log and say how it ended. */
const LONGEST_RESERVE_MS = 30_000
const NETWORK_VARIABLES =
  /^((https?|all|no)_proxy|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|GIT_SSL_CAINFO|CURL_CA_BUNDLE)$/

/** The fields of Lambda's context that are read. */
type Context = {
  awsRequestId: string
  functionName: string
  memoryLimitInMB: string
  getRemainingTimeInMillis: () => number
}

const eventSchema = z.object({
  Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })).length(1),
})

const MB = 1024 * 1024
/** A quarter of the disk is for what earlier builds have fetched, another for their caches; the rest is the command's. */
const persistent = {
  mirrors: new Mirrors(environment.LAMBCI_SANDBOX, (environment.LAMBCI_STORAGE * MB) / 4),
  warmCache: new WarmCache(environment.LAMBCI_SANDBOX, (environment.LAMBCI_STORAGE * MB) / 4),
}
let isWarm = false

/** A build function: what SNS brings is one order. */
export async function handler(event: unknown, context: Context): Promise<void> {
  const { Records } = eventSchema.parse(event)
  const message = jobMessageSchema.parse(JSON.parse(Records[0]?.Sns.Message ?? ''))
  const remaining = context.getRemainingTimeInMillis()
  const { AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN = '', AWS_REGION = '', PATH = '' } = process.env
  const network = Object.entries(process.env).filter(([name]) => NETWORK_VARIABLES.test(name))
  const start = isWarm ? 'warm' : 'cold'
  isWarm = true
  const { credentials } = message.grants
  const store = openStore(environment.LAMBCI_BUCKET, credentials ? { credentials } : {})
  const build = runJob(message, {
    openStore: () => store,
    sandbox: environment.LAMBCI_SANDBOX,
    persistent,
    // A machine's /tmp is given only where all of it is: on Lambda.
    ownsMachine: environment.LAMBCI_SANDBOX === '/tmp',
    githubUrl: environment.LAMBCI_GITHUB_URL,
    deadline: Date.now() + remaining - Math.min(LONGEST_RESERVE_MS, remaining / 5),
    runner: {
      function: context.functionName,
      memoryMb: Number(context.memoryLimitInMB),
      storageMb: environment.LAMBCI_STORAGE,
      architecture: process.arch,
      region: AWS_REGION,
      requestId: context.awsRequestId,
      start,
    },
    path: PATH,
    network: Object.fromEntries(network) as Record<string, string>,
    secrets: [AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN],
    logLimit: environment.LAMBCI_LOG_LIMIT * MB,
    // A sandbox that cannot be emptied takes no other build: without its runtime Lambda replaces it.
    terminate: reason => {
      console.error(reason)
      process.exit(1)
    },
    now: () => new Date(),
  })
  // Each job has a store of its own: what it leaves open would be kept for as long as this sandbox is warm.
  await build.finally(() => store.close())
}
