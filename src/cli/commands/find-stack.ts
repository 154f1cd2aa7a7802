import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation'
import * as z from 'zod'
import { openStore } from '../../aws/bucket.ts'
import { UserError } from '../../model/user-error.ts'
import type { Store } from '../../records/store.ts'
import { readJsonFile } from '../read-json-file.ts'

export type StackOptions = { stack?: string; bucket?: string; data: string }

/** What a command needs to know of a stack; null for what a bucket's name alone does not tell. */
export type FoundStack = {
  store: Store
  /** Of the http function, without a slash at its end. */
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
 * The stack that a command works on: named by an option or the environment, or the local system where there is one, or
 * the stack `lambci` of the account.
 */
export async function findStack({ stack, bucket, data }: StackOptions): Promise<FoundStack> {
  const { LAMBCI_BUCKET, LAMBCI_STACK } = process.env
  if (bucket) return bare(bucket)
  if (stack) return deployedStack(stack)
  if (LAMBCI_BUCKET) return bare(LAMBCI_BUCKET)
  if (LAMBCI_STACK) return deployedStack(LAMBCI_STACK)
  const local = await localSystem(data)
  if (local) return local
  try {
    return await deployedStack('lambci')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`No bucket is named, and there is no local system in ${data}. ${error.message}`)
  }
}

const bare = (bucket: string): FoundStack => ({
  store: openStore(bucket),
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
  return {
    store: openStore(local.bucket, { endpoint: s3, region, credentials: { accessKeyId, secretAccessKey } }),
    url: local.url,
    githubApiUrl: local.githubApi,
    notificationsTopic: local.notificationsTopic,
  }
}

async function deployedStack(name: string): Promise<FoundStack> {
  const { Outputs = [], Parameters = [], StackStatus = '' } = await describeStack(name)
  const output = (key: string) => Outputs.find(({ OutputKey }) => OutputKey === key)?.OutputValue ?? null
  const bucket = output('Bucket')
  if (!bucket) {
    throw new UserError(
      `The stack ${name} is not complete (${StackStatus}): run "npm run deploy", which says what is wrong and goes on from there.`,
    )
  }
  return {
    store: openStore(bucket),
    url: output('Url')?.replace(/\/$/, '') ?? null,
    githubApiUrl:
      Parameters.find(({ ParameterKey }) => ParameterKey === 'GitHubApiUrl')?.ParameterValue ?? GITHUB_API,
    notificationsTopic: output('NotificationsTopic'),
  }
}

async function describeStack(name: string): Promise<Stack> {
  const client = new CloudFormationClient()
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }))
    if (Stacks[0]) return Stacks[0]
    throw new UserError(`There is no stack ${name}.`)
  } catch (error) {
    const { name: code, message } = error as Error
    if (error instanceof UserError) throw error
    if (/does not exist/.test(message)) {
      const region = await client.config.region()
      throw new UserError(
        `There is no stack ${name} in ${region}: deploy it with "npm run deploy", or say where it is with --stack and AWS_REGION.`,
      )
    }
    if (message === 'Region is missing')
      throw new UserError('No AWS region is set either: set AWS_REGION, or give --bucket.')
    if (code === 'CredentialsProviderError')
      throw new UserError(
        'There are no AWS credentials either: sign in with "aws configure" or "aws sso login".',
      )
    throw new UserError(`The stack ${name} cannot be looked up (${code}): ${message}`)
  } finally {
    client.destroy()
  }
}
