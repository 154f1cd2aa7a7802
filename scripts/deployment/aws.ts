import { execa } from 'execa'
import { UserError } from '../../src/model/user-error.ts'
import { type AwsError, explainError, parseError } from './aws-error.ts'
import { DeployFailure } from './failure.ts'
import type { AwsOutput, Environment, ExecAws, Io } from './io.ts'

/** The output of an AWS CLI command, parsed, or its error. */
export type Answer = { ok: true; value: Json } | ({ ok: false } & AwsError)
// biome-ignore lint/suspicious/noExplicitAny: the shape of the output depends on the command
export type Json = any

/** Runs AWS CLI commands in one account and region. */
export type Aws = {
  account: string
  region: string
  /** Options for AWS CLI commands in messages, to use the same account and region: ` --region … --profile …`. */
  cliOptions: string
  /** Runs a command that may fail. */
  tryRun(...args: string[]): Promise<Answer>
  /**
   * Runs a command that reads something. Returns null if it fails with a `code: message` that matches `missing`.
   * @throws DeployFailure for any other error
   */
  find(missing: RegExp, ...args: string[]): Promise<Json | null>
  /** Runs a command. @throws DeployFailure if it fails */
  run(...args: string[]): Promise<Json>
}

export type AwsOptions = { region?: string | undefined; profile?: string | undefined }

/**
 * Checks that the AWS CLI is installed and has a region and credentials.
 * @throws UserError that lists everything that is missing
 */
export async function openAws(
  { execAws, env }: Pick<Io, 'execAws' | 'env'>,
  { region: given, profile }: AwsOptions,
): Promise<Aws> {
  await checkCli(execAws)
  const profileOption = profile ? ['--profile', profile] : []
  const region =
    given ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || (await configuredRegion(execAws, profileOption)))
  // Credentials can be checked in any region.
  const options = ['--region', region || 'us-east-1', ...profileOption, '--output', 'json', '--no-cli-pager']
  const tryRun = async (...args: string[]): Promise<Answer> =>
    parseOutput(await execAws([...args, ...options]))
  const failure = (error: AwsError, args: string[]) => new DeployFailure(explainError(error, args, region))
  const identity = await tryRun('sts', 'get-caller-identity')
  const missing = [
    ...(region ? [] : ['No region is set. Give --region, for example --region us-east-1.']),
    ...(identity.ok ? [] : [explainError(identity, ['sts', 'get-caller-identity'], region)]),
  ]
  if (!identity.ok || missing.length > 0) throw new UserError(missing)
  return {
    account: identity.value.Account,
    region,
    cliOptions: ` --region ${region}${profile ? ` --profile ${profile}` : ''}`,
    tryRun,
    find: async (missing, ...args) => {
      const answer = await tryRun(...args)
      // Some commands succeed without any output.
      if (answer.ok) return answer.value ?? {}
      if (missing.test(`${answer.code}: ${answer.message}`)) return null
      throw failure(answer, args)
    },
    run: async (...args) => {
      const answer = await tryRun(...args)
      if (answer.ok) return answer.value
      throw failure(answer, args)
    },
  }
}

async function checkCli(execAws: ExecAws): Promise<void> {
  const { stdout, failed } = await execAws(['--version'])
  if (failed)
    throw new UserError(
      'The AWS CLI is not installed or not on PATH. Install version 2 (https://aws.amazon.com/cli/) and try again.',
    )
  if (!/^aws-cli\/[2-9]/.test(stdout))
    throw new UserError(
      `The AWS CLI is too old (${stdout.split(' ')[0]}). Install version 2 (https://aws.amazon.com/cli/) and try again.`,
    )
}

const configuredRegion = async (execAws: ExecAws, profileOption: readonly string[]) =>
  (await execAws(['configure', 'get', 'region', ...profileOption])).stdout.trim()

/** Overrides user configuration that would change the output. */
const ENVIRONMENT = { AWS_PAGER: '', AWS_CLI_ERROR_FORMAT: 'legacy', AWS_CLI_AUTO_PROMPT: 'off' }

/** Runs commands of the AWS CLI that is on PATH. */
export function awsCli(env: Environment): ExecAws {
  const options = {
    reject: false,
    stdin: 'ignore',
    env: { ...env, ...ENVIRONMENT },
    extendEnv: false,
    maxBuffer: 100_000_000,
  } as const
  return async args => {
    // There is no output if the program is missing.
    const { failed, stdout = '', stderr = '' } = await execa('aws', args, options)
    return { failed, stdout, stderr }
  }
}

const parseOutput = ({ failed, stdout, stderr }: AwsOutput): Answer =>
  failed
    ? { ok: false, ...parseError(stderr.trim()) }
    : { ok: true, value: stdout.trim() ? JSON.parse(stdout) : null }
