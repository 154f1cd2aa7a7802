import { UserError } from '../../src/model/user-error.ts'
import type { Aws, Json } from './aws.ts'
import type { Options } from './options.ts'
import { describeStack } from './stack.ts'

/** The most memory that Lambda gives a function in many new accounts, in MB. No API returns this quota. */
const NEW_ACCOUNT_MEMORY = 3008
/** An account with a smaller quota of concurrent executions is new. */
const USUAL_CONCURRENCY = 1000

/** CodeBuild's quota for the machines of the image project, by the architecture of the stack. */
const MACHINES: Record<string, RegExp> = {
  x86_64: /^Concurrently running builds for Linux\/Small environment$/,
  arm64: /^Concurrently running builds for ARM\/Small environment$/,
}

const wayOut = 'Or build the image with Docker on your machine: add --docker.'

/**
 * Checks for quotas that new accounts often lack, before anything is changed. Returns a note to print; null for none. A quota that the
 * user may not see is left to AWS.
 * @throws UserError if CodeBuild may not build an image, and there is none yet
 */
export async function checkAccountQuotas(aws: Aws, options: Options): Promise<string | null> {
  const { image, docker, stack, parameters } = options
  if (!image && !docker && (await describeStack(aws, stack)) === null)
    await requireCodeBuild(aws, parameters.Architecture ?? 'x86_64')
  const memory = Number(parameters.BuildMemory ?? 0)
  if (memory <= NEW_ACCOUNT_MEMORY) return null
  const settings = await aws.tryRun('lambda', 'get-account-settings')
  const quota: number | undefined = settings.ok
    ? settings.value?.AccountLimit?.ConcurrentExecutions
    : undefined
  if (quota === undefined || quota >= USUAL_CONCURRENCY) return null
  return `This seems to be a new account: its quota of concurrent executions is ${quota}. ${explainMemory(memory)}`
}

const explainMemory = (memory?: number) =>
  `Lambda gives functions of new accounts at most 3,008 MB${memory === undefined ? '' : `, and may refuse BuildMemory=${memory}`}: --param BuildMemory=3008 always works, and AWS Support raises the limit.`

async function requireCodeBuild(aws: Aws, architecture: string): Promise<void> {
  const answer = await aws.tryRun('service-quotas', 'list-service-quotas', '--service-code', 'codebuild')
  const quotas: Json[] = answer.ok ? (answer.value?.Quotas ?? []) : []
  const found = quotas.find(({ QuotaName = '' }) => MACHINES[architecture]?.test(QuotaName))
  if (found?.Value !== 0) return
  throw new UserError(
    `CodeBuild may run no build in this account, as in many new ones (${found.QuotaName}: 0), so the image cannot be built there. Request 1: aws service-quotas request-service-quota-increase --service-code codebuild --quota-code ${found.QuotaCode} --desired-value 1${aws.cliOptions}. ${wayOut}`,
  )
}

/** Advice for a new account that AWS has refused something; empty for any other reason. A pure function. */
export function explainQuota(reason: string): string {
  if (/more than 0 builds in queue/.test(reason))
    return `. Many new accounts may not use CodeBuild at first: request the quota "Concurrently running builds" of CodeBuild. ${wayOut}`
  if (/MemorySize.*less than or equal to 3008/.test(reason)) return `. ${explainMemory()}`
  return ''
}
