import { type JobMessage, jobMessageSchema } from '../admission/grants.ts'
import { openStore } from '../aws/bucket.ts'
import { WarmCache } from '../cache/warm-cache.ts'
import { isIsolated, trustOfJob } from '../model/trust.ts'
import { z } from '../model/zod.ts'
import { runJob } from '../run-job.ts'
import { Mirrors } from '../workspace/mirrors.ts'
import { answerProbe, probeIn } from './answer-probe.ts'
import { readEnvironment } from './environment.ts'
import { loggedEvent, structureLog } from './structured-log.ts'

const environment = readEnvironment(process.env, [
  'LAMBCI_BUCKET',
  'LAMBCI_LOG_FORMAT',
  'LAMBCI_TRUST',
  'LAMBCI_ISOLATION',
  'LAMBCI_SANDBOX',
  'LAMBCI_SMOKE_TEST',
  'LAMBCI_STORAGE',
  'LAMBCI_LOG_LIMIT',
  'LAMBCI_CANCEL_POLL_MS',
  'LAMBCI_LOG_UPLOAD_MS',
  'LAMBCI_KILL_GRACE_MS',
  'LAMBCI_FETCH_RETRY_MS',
  'LAMBCI_GITHUB_URL',
])

/** Time kept back to stop a command, send its log and record its end: a fifth of short invocations, half a minute of long ones. */
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

/** A message of SNS, or the event of the functions for deploy branches and for deploys. */
const eventSchema = z.union([
  z.object({ Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })).length(1) }),
  jobMessageSchema,
])

function messageOf(event: unknown): JobMessage {
  const parsed = eventSchema.parse(event)
  if (!('Records' in parsed)) return parsed
  return jobMessageSchema.parse(JSON.parse(parsed.Records[0]?.Sns.Message ?? ''))
}

const MB = 1024 * 1024
/** A quarter of the disk is for mirrors of repositories, another quarter for caches; the rest is the command's. */
const persistent = {
  mirrors: new Mirrors(environment.LAMBCI_SANDBOX, (environment.LAMBCI_STORAGE * MB) / 4),
  warmCache: new WarmCache(environment.LAMBCI_SANDBOX, (environment.LAMBCI_STORAGE * MB) / 4),
}
let isWarm = false
if (environment.LAMBCI_LOG_FORMAT === 'json') structureLog()

/** The run functions, one for each trust: each event starts one job, or is a probe. */
export async function handler(event: unknown, context: Context): Promise<void> {
  const probe = probeIn(event)
  const { awsRequestId: requestId } = context
  if (probe) return loggedEvent('probe', { requestId }, () => answerProbe(probe, probedFunction(context)))
  const message = messageOf(event)
  const { project, number } = message.build
  const fields = {
    build: `${project}#${number}`,
    job: message.job.key,
    attempt: message.job.attempt,
    requestId,
  }
  return loggedEvent('job', fields, () => startJob(message, context))
}

async function startJob(message: JobMessage, context: Context): Promise<void> {
  // SNS's filters change slowly: for some minutes after an update, a message may reach a function of another trust.
  const { build, job: started } = message
  const trust = trustOfJob(build, started.identity)
  if (trust !== environment.LAMBCI_TRUST) {
    const { project, number } = build
    throw new Error(
      `Job of ${project} #${number} is of trust ${trust}: this function runs ${environment.LAMBCI_TRUST}`,
    )
  }
  const remaining = context.getRemainingTimeInMillis()
  const { AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN = '', AWS_REGION = '', PATH = '' } = process.env
  const network = Object.entries(process.env).filter(([name]) => NETWORK_VARIABLES.test(name))
  const start = isWarm ? 'warm' : 'cold'
  isWarm = true
  const { credentials } = message.grants
  const store = openStore(environment.LAMBCI_BUCKET, { ...(credentials && { credentials }), mayList: false })
  const job = runJob(message, {
    openStore: () => store,
    sandbox: environment.LAMBCI_SANDBOX,
    persistent,
    // /tmp is the sandbox only on Lambda.
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
    logOptions: {
      limitBytes: environment.LAMBCI_LOG_LIMIT * MB,
      uploadMs: environment.LAMBCI_LOG_UPLOAD_MS,
    },
    cancelPollMs: environment.LAMBCI_CANCEL_POLL_MS,
    killGraceMs: environment.LAMBCI_KILL_GRACE_MS,
    fetchRetryMs: environment.LAMBCI_FETCH_RETRY_MS,
    // A sandbox that cannot be cleaned must not run another job. Lambda replaces it once its process has ended.
    terminate,
    now: () => new Date(),
  })
  // Each job has its own store. Its open connections would stay for as long as this sandbox is warm.
  await job.finally(() => store.close())
  // With tenants, a sandbox has only jobs of one branch, or deploys to one stage.
  if (isIsolated(trust) && environment.LAMBCI_ISOLATION === 'process')
    terminate('The next job may be of another branch or stage')
}

const probedFunction = ({ memoryLimitInMB }: Context): Parameters<typeof answerProbe>[1] => ({
  trust: environment.LAMBCI_TRUST,
  script: environment.LAMBCI_SMOKE_TEST,
  sandbox: environment.LAMBCI_SANDBOX,
  path: process.env.PATH ?? '',
  memoryMb: Number(memoryLimitInMB),
  openStore: credentials =>
    openStore(environment.LAMBCI_BUCKET, { ...(credentials && { credentials }), mayList: false }),
})

/** The memory of a process keeps its secrets. The end of the job is on record. */
function terminate(reason: string): never {
  console.error(reason)
  process.exit(1)
}
