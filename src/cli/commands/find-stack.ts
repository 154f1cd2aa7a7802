import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation'
import { openStore } from '../../aws/bucket.ts'
import { UserError } from '../../model/user-error.ts'
import { type Io, printNote } from '../io.ts'
import { type FoundStack, type StackOptions, stackWith } from './found-stack.ts'
import { DATA_DIRECTORY, findLocalSystem, rememberedDataDirectory } from './local-system.ts'

export type { FoundStack, StackOptions } from './found-stack.ts'

const GITHUB_API = 'https://api.github.com'

/**
 * Finds the stack that a command works on: the one named by an option or by LAMBCI_BUCKET or LAMBCI_STACK, else the local system that
 * runs in `.lambci` or was started last, else the stack `lambci` of the AWS account. Names it on standard error if that is a terminal, or
 * if neither an option nor a variable names one.
 * @throws UserError if there is none
 */
export async function findStack(options: StackOptions, io: Io): Promise<FoundStack> {
  const named = await findNamedStack(options, io)
  const found = named ?? (await findUnnamedStack(io))
  if (!named || io.stderr.isTTY) printNote(io, `Using ${found.name}.`)
  return found
}

/** The stack of the AWS account, for commands with no use in a local system. Only --data chooses one. */
export async function findAccountStack(options: StackOptions, io: Io): Promise<FoundStack> {
  const named = await findNamedStack(options, io)
  const found = named ?? (await deployedStack('lambci'))
  if (!named || io.stderr.isTTY) printNote(io, `Using ${found.name}.`)
  return found
}

async function findNamedStack({ stack, bucket, data }: StackOptions, io: Io): Promise<FoundStack | null> {
  const { LAMBCI_BUCKET, LAMBCI_STACK } = io.env
  if (bucket) return stackOfBucket(bucket)
  if (stack) return deployedStack(stack)
  if (data) {
    const local = await findLocalSystem(data, io)
    if (local) return local
    throw new UserError(
      `No local system runs in ${data}. Start it with "lambci local --data ${data}", or name a stack with --stack.`,
    )
  }
  if (LAMBCI_BUCKET) return stackOfBucket(LAMBCI_BUCKET)
  return LAMBCI_STACK ? deployedStack(LAMBCI_STACK) : null
}

async function findUnnamedStack(io: Io): Promise<FoundStack> {
  const local = await findLocalSystem(DATA_DIRECTORY, io)
  if (local) return local
  const remembered = await rememberedDataDirectory(io)
  const elsewhere = remembered === null ? null : await findLocalSystem(remembered, io)
  if (elsewhere) return elsewhere
  try {
    return await deployedStack('lambci')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`No stack or bucket is given, and no local system runs here. ${error.message}`)
  }
}

const stackOfBucket = (bucket: string): FoundStack =>
  stackWith(openStore(bucket), {
    name: `the bucket ${bucket}`,
    stackName: null,
    isLocal: false,
    url: null,
    githubApiUrl: GITHUB_API,
    notificationsTopic: null,
  })

async function deployedStack(name: string): Promise<FoundStack> {
  const { stack, region } = await describeStack(name)
  const { Outputs = [], Parameters = [], StackStatus = '' } = stack
  const output = (key: string) => Outputs.find(({ OutputKey }) => OutputKey === key)?.OutputValue ?? null
  const bucket = output('Bucket')
  if (!bucket) {
    throw new UserError(
      `The stack ${name} is incomplete (${StackStatus}). Run "lambci up": it shows the error and resumes the deploy.`,
    )
  }
  return stackWith(openStore(bucket), {
    name: `the stack ${name} in ${region}`,
    stackName: name,
    isLocal: false,
    url: output('Url')?.replace(/\/$/, '') ?? null,
    githubApiUrl:
      Parameters.find(({ ParameterKey }) => ParameterKey === 'GitHubApiUrl')?.ParameterValue ?? GITHUB_API,
    notificationsTopic: output('NotificationsTopic'),
  })
}

async function describeStack(name: string): Promise<{ stack: Stack; region: string }> {
  const client = new CloudFormationClient()
  try {
    // Before the client looks for credentials, which may take a second.
    const region = await client.config.region()
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }))
    if (Stacks[0]) return { stack: Stacks[0], region }
    throw new UserError(`There is no stack ${name}.`)
  } catch (error) {
    const { name: code, message } = error as Error
    if (error instanceof UserError) throw error
    if (/does not exist/.test(message)) {
      const region = await client.config.region()
      throw new UserError(
        `There is no stack ${name} in ${region}. Deploy it with "lambci up", or select another with --stack and AWS_REGION.`,
      )
    }
    if (message === 'Region is missing') throw new UserError('No AWS region is set. Set AWS_REGION.')
    if (code === 'CredentialsProviderError')
      throw new UserError('There are no AWS credentials. Sign in with "aws configure" or "aws sso login".')
    throw new UserError(`Cannot look up the stack ${name} (${code}): ${message}`)
  } finally {
    client.destroy()
  }
}
