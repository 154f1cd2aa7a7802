import { execa } from 'execa'
import { UserError } from '../../src/model/user-error.ts'
import { DeployFailure } from './failure.ts'
import { explainRefusal, type Refusal, readRefusal } from './refusal.ts'

/** What AWS answered: the parsed JSON, or its refusal. */
export type Answer = { ok: true; value: Json } | ({ ok: false } & Refusal)
// biome-ignore lint/suspicious/noExplicitAny: the CLI's answers have a shape of their own for each command
export type Json = any

/** Runs the AWS CLI in one account and region. */
export type Aws = {
  account: string
  region: string
  /** What a command for people must end with to reach the same place: ` --region …`, ` --profile …`. */
  place: string
  /** For calls that may be refused without harm. */
  ask(...args: string[]): Promise<Answer>
  /**
   * For what may not be there: null for a refusal whose `code: message` is like this.
   * @throws DeployFailure for any other
   */
  find(missing: RegExp, ...args: string[]): Promise<Json | null>
  /** @throws DeployFailure for any refusal */
  demand(...args: string[]): Promise<Json>
}

export type Place = { region?: string | undefined; profile?: string | undefined }

/**
 * Finds the CLI, its region and credentials.
 * @throws Problem that says what is missing, all at once
 */
export async function openAws({ region: given, profile }: Place): Promise<Aws> {
  await runCli()
  const sign = profile ? ['--profile', profile] : []
  const region = given ?? (await configuredRegion(sign))
  // Credentials can be checked in any region.
  const fixed = ['--region', region || 'us-east-1', ...sign, '--output', 'json', '--no-cli-pager']
  const ask = async (...args: string[]): Promise<Answer> => readAnswer(await run([...args, ...fixed]))
  const failure = (refusal: Refusal, args: string[]) =>
    new DeployFailure(explainRefusal(refusal, args, region))
  const identity = await ask('sts', 'get-caller-identity')
  const missing = [
    ...(region ? [] : ['No region is set: give --region, for instance --region us-east-1.']),
    ...(identity.ok ? [] : [explainRefusal(identity, ['sts', 'get-caller-identity'], region)]),
  ]
  if (!identity.ok || missing.length > 0) throw new UserError(missing.join('\n'))
  return {
    account: identity.value.Account,
    region,
    place: ` --region ${region}${profile ? ` --profile ${profile}` : ''}`,
    ask,
    find: async (missing, ...args) => {
      const answer = await ask(...args)
      // Of some things the CLI says no more than that they are there.
      if (answer.ok) return answer.value ?? {}
      if (missing.test(`${answer.code}: ${answer.message}`)) return null
      throw failure(answer, args)
    },
    demand: async (...args) => {
      const answer = await ask(...args)
      if (answer.ok) return answer.value
      throw failure(answer, args)
    },
  }
}

async function runCli(): Promise<void> {
  const { stdout, failed } = await run(['--version'])
  if (failed)
    throw new UserError(
      'The AWS CLI is not installed, or not on PATH. Install version 2 (https://aws.amazon.com/cli/), and run this again.',
    )
  if (!/^aws-cli\/[2-9]/.test(stdout))
    throw new UserError(
      `The AWS CLI is too old (${stdout.split(' ')[0]}). Install version 2 (https://aws.amazon.com/cli/), and run this again.`,
    )
}

async function configuredRegion(sign: readonly string[]): Promise<string> {
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env
  return (
    AWS_REGION || AWS_DEFAULT_REGION || (await run(['configure', 'get', 'region', ...sign])).stdout.trim()
  )
}

/** What people have configured for themselves must not change what is read here. */
const ENVIRONMENT = { AWS_PAGER: '', AWS_CLI_ERROR_FORMAT: 'legacy', AWS_CLI_AUTO_PROMPT: 'off' }

const run = (args: readonly string[]) =>
  execa('aws', args, { reject: false, stdin: 'ignore', env: ENVIRONMENT, maxBuffer: 100_000_000 })

const readAnswer = ({ failed, stdout, stderr }: Awaited<ReturnType<typeof run>>): Answer =>
  failed
    ? { ok: false, ...readRefusal(stderr.trim()) }
    : { ok: true, value: stdout.trim() ? JSON.parse(stdout) : null }
