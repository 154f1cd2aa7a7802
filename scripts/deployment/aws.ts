import { execa } from 'execa'
import { Problem } from '../../src/problem.ts'

/** What AWS answered: the parsed JSON, or the code and message of its refusal. */
export type Answer = { ok: true; value: Json } | { ok: false; code: string; message: string }
// biome-ignore lint/suspicious/noExplicitAny: the CLI's answers have a shape of their own for each command
export type Json = any

/** Runs the AWS CLI in one region with one profile. */
export type Aws = {
  region: string
  /** For calls of which a refusal is one of the expected outcomes. */
  ask(...args: string[]): Promise<Answer>
  /** @throws Problem for any refusal */
  demand(...args: string[]): Promise<Json>
}

export type Place = { region?: string | undefined; profile?: string | undefined }

/**
 * Finds the CLI, its region and credentials.
 * @throws Problem that says what is missing, all at once
 */
export async function openAws({ region: given, profile }: Place): Promise<Aws & { account: string }> {
  await demandCli()
  const sign = profile ? ['--profile', profile] : []
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env
  const configured = await run(['configure', 'get', 'region', ...sign])
  const region = given ?? (AWS_REGION || AWS_DEFAULT_REGION || configured.stdout.trim())
  const fixed = [...(region ? ['--region', region] : []), ...sign, '--output', 'json', '--no-cli-pager']
  const ask = async (...args: string[]): Promise<Answer> => readAnswer(await run([...args, ...fixed]))
  const demand = async (...args: string[]) => {
    const answer = await ask(...args)
    if (answer.ok) return answer.value
    throw new Problem(explain(answer, args, region))
  }
  const identity = region ? await ask('sts', 'get-caller-identity') : null
  const missing = [
    ...(region ? [] : ['No region is set: give --region, for instance --region us-east-1.']),
    ...(identity && !identity.ok ? [explain(identity, ['sts', 'get-caller-identity'], region)] : []),
  ]
  if (missing.length > 0) throw new Problem(missing.join('\n'))
  return { region, ask, demand, account: identity?.ok ? identity.value.Account : '' }
}

async function demandCli(): Promise<void> {
  const { stdout, failed } = await run(['--version'])
  if (failed)
    throw new Problem(
      'The AWS CLI is not installed, or not on PATH. Install version 2 (https://aws.amazon.com/cli/), and run this again.',
    )
  if (!/^aws-cli\/[2-9]/.test(stdout))
    throw new Problem(`The AWS CLI is too old (${stdout.split(' ')[0]}): version 2 is needed.`)
}

const run = (args: string[]) =>
  execa('aws', args, { reject: false, stdin: 'ignore', env: { AWS_PAGER: '' }, maxBuffer: 100_000_000 })

type Ran = Awaited<ReturnType<typeof run>>

function readAnswer({ failed, stdout, stderr }: Ran): Answer {
  if (!failed) return { ok: true, value: stdout.trim() ? JSON.parse(stdout) : null }
  const said = stderr.trim()
  const [, code = '', message = ''] =
    /An error occurred \(([^)]+)\) when calling the \w+ operation(?: \([^)]*\))?: (.*)/s.exec(said) ?? []
  if (code) return { ok: false, code, message: message.trim() }
  if (/Unable to locate credentials|could not be found.*profile|profile.*could not be found/i.test(said))
    return { ok: false, code: 'NoCredentials', message: said }
  if (/Could not connect to the endpoint/i.test(said)) return { ok: false, code: 'NoEndpoint', message: said }
  if (/Token has expired|SSO/i.test(said)) return { ok: false, code: 'ExpiredToken', message: said }
  return { ok: false, code: 'Failed', message: said.split('\n').at(-1) ?? '' }
}

/** A refusal in words, with what to do next. */
function explain({ code, message }: { code: string; message: string }, args: string[], region: string) {
  const call = args.slice(0, 2).join(' ')
  switch (code) {
    case 'NoCredentials':
      return 'There are no AWS credentials: sign in with "aws configure" or "aws sso login", or name a profile with --profile.'
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'RequestExpired':
      return 'The AWS credentials have expired: sign in again, and run this again.'
    case 'InvalidClientTokenId':
    case 'SignatureDoesNotMatch':
    case 'UnrecognizedClientException':
      return 'AWS does not know these credentials: check them with "aws sts get-caller-identity".'
    case 'NoEndpoint':
      return `AWS does not answer in the region "${region}": is it spelled rightly, and are you connected? Choose another with --region.`
    case 'AccessDenied':
    case 'AccessDeniedException':
    case 'UnauthorizedOperation':
      return `You may not do this (aws ${call}): ${message} Ask for the right, or sign in as somebody who has it.`
    default:
      return `aws ${call} failed${code === 'Failed' ? '' : ` (${code})`}: ${message}`
  }
}
