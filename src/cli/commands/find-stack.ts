import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation'
import { openStore } from '../../aws/bucket.ts'
import { UserError } from '../../model/user-error.ts'
import { z } from '../../model/zod.ts'
import type { Store } from '../../records/store.ts'
import type { Io } from '../io.ts'
import { readJsonFile } from '../read-json-file.ts'

export type StackOptions = { stack?: string; bucket?: string; data: string }

/** A stack, as far as commands need it. Fields are null if only the name of the bucket is known. Disposing closes it. */
export type FoundStack = Disposable & {
  store: Store
  /** URL of the http function, without a trailing slash. */
  url: string | null
  githubApiUrl: string
  notificationsTopic: string | null
}

const GITHUB_API = 'https://api.github.com'

const localSchema = z.object({
  s3: z.url(),
  bucket: z.string(),
  region: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  url: z.url(),
  githubApi: z.url(),
  notificationsTopic: z.string(),
})

/**
 * Finds the stack that a command works on: the one named by an option or by LAMBCI_BUCKET or LAMBCI_STACK, else the
 * local system in `data`, else the stack `lambci` of the AWS account.
 * @throws UserError if there is none
 */
export async function findStack(
  { stack, bucket, data }: StackOptions,
  { LAMBCI_BUCKET, LAMBCI_STACK }: Io['env'],
): Promise<FoundStack> {
  if (bucket) return stackOfBucket(bucket)
  if (stack) return deployedStack(stack)
  if (LAMBCI_BUCKET) return stackOfBucket(LAMBCI_BUCKET)
  if (LAMBCI_STACK) return deployedStack(LAMBCI_STACK)
  const local = await localSystem(data)
  if (local) return local
  try {
    return await deployedStack('lambci')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(
      `No stack or bucket is given, and there is no local system in ${data}. ${error.message}`,
    )
  }
}

/** A stack with its store, which is closed with it. */
const stackWith = (store: Store, rest: Omit<FoundStack, 'store' | typeof Symbol.dispose>): FoundStack => ({
  ...rest,
  store,
  [Symbol.dispose]: () => store.close(),
})

const stackOfBucket = (bucket: string): FoundStack =>
  stackWith(openStore(bucket), {
    url: null,
    githubApiUrl: GITHUB_API,
    notificationsTopic: null,
  })

async function localSystem(data: string): Promise<FoundStack | null> {
  const file = join(data, 'local.json')
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return null
  const local = readJsonFile(file, text, localSchema)
  const { s3, region, accessKeyId, secretAccessKey } = local
  const credentials = { accessKeyId, secretAccessKey }
  return stackWith(openStore(local.bucket, { endpoint: s3, region, credentials }), {
    url: local.url,
    githubApiUrl: local.githubApi,
    notificationsTopic: local.notificationsTopic,
  })
}

async function deployedStack(name: string): Promise<FoundStack> {
  const { Outputs = [], Parameters = [], StackStatus = '' } = await describeStack(name)
  const output = (key: string) => Outputs.find(({ OutputKey }) => OutputKey === key)?.OutputValue ?? null
  const bucket = output('Bucket')
  if (!bucket) {
    throw new UserError(
      `The stack ${name} is incomplete (${StackStatus}). Run "lambci up": it shows the error and resumes the deploy.`,
    )
  }
  return stackWith(openStore(bucket), {
    url: output('Url')?.replace(/\/$/, '') ?? null,
    githubApiUrl:
      Parameters.find(({ ParameterKey }) => ParameterKey === 'GitHubApiUrl')?.ParameterValue ?? GITHUB_API,
    notificationsTopic: output('NotificationsTopic'),
  })
}

async function describeStack(name: string): Promise<Stack> {
  const client = new CloudFormationClient()
  try {
    // Before it looks for credentials, which may take a second.
    await client.config.region()
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }))
    if (Stacks[0]) return Stacks[0]
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
