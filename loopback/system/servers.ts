import { join } from 'node:path'
import { PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import type { Clock } from '../clock.ts'
import type { AppOptions } from '../github/app.ts'
import { type GitHub, startGitHub } from '../github/server.ts'
import { type Allows, accessDeniedMessage } from '../iam/access.ts'
import { decide, isAllowed } from '../iam/evaluate.ts'
import type { Guard } from '../iam/guard.ts'
import type { PolicyDocument } from '../iam/policy.ts'
import type { Lambda } from '../lambda/lambda.ts'
import { type LambdaApiOptions, startLambdaApi } from '../lambda/lambda-api.ts'
import { OpenResources } from '../open-resources.ts'
import type { NotificationRule } from '../s3/notification.ts'
import { type S3Server, startS3 } from '../s3/server.ts'
import { type Scheduler, type SchedulerOptions, startScheduler } from '../scheduler/scheduler.ts'
import type { Mail } from '../sns/delivery.ts'
import { type Sns, startSns } from '../sns/sns.ts'
import type { RoleDefinition } from '../sts/assume-role.ts'
import { type Sts, startSts } from '../sts/sts.ts'
import { STACK } from './functions.ts'
import type { Keys } from './keys.ts'
import { readStack, type Stack } from './stack.ts'
import { readTemplate } from './template.ts'

export const STACK_CONTEXT = { stack: STACK, region: 'us-east-1', account: '000000000000' }
export const MAILBOX = 'you@localhost'

export type ServerOptions = {
  directory: string
  /** The first of seven consecutive ports. 0 uses any free ports. */
  port: number
  /** A GitHub App that is installed on every repository. */
  app?: AppOptions
  /** Maps a server's URL to that for the functions, so that tests can insert a proxy. */
  proxyUrl?: ((service: 's3' | 'sns' | 'github' | 'lambda', url: string) => string) | undefined
  /** Calls `deliver` for an event of S3, SNS or a function that invokes another one. Tests use it to read, lose, repeat or delay events. */
  interceptEvent?: ((event: unknown, deliver: () => Promise<unknown>) => Promise<unknown>) | undefined
  /** The clock of the Scheduler and Lambda. */
  clock?: Clock | undefined
  /** Starts the local GitHub elsewhere, for example in a separate process. */
  startGitHub?: typeof startGitHub | undefined
  /** The template's parameter Isolation. */
  isolation?: 'tenant' | 'process' | undefined
  /** A role outside the stack that deploys assume. */
  deployRole?: RoleDefinition | undefined
  /** A role outside the stack that the settings may give to jobs. */
  jobRole?: RoleDefinition | undefined
  onMail?: (mail: Mail) => void
  /** Called with the key of every record written: `gh/…/build.json`, `jobs/0/1/end.json`, `report.json`. */
  onRecord?: (key: string) => void
}

export type Servers = {
  s3: S3Server
  sns: Sns
  scheduler: Scheduler
  sts: Sts
  lambdaApi: Awaited<ReturnType<typeof startLambdaApi>>
  github: GitHub
  stack: Stack
}

/** Starts the servers that replace AWS and GitHub, all or none. `lambda` is a promise, because Lambda starts later, with their URLs. */
export async function startServers(
  options: ServerOptions,
  keys: Keys,
  lambda: Promise<Lambda>,
): Promise<Servers> {
  const { directory, app, deployRole, jobRole, clock, onMail = () => {}, onRecord = () => {} } = options
  const location = (name: string, offset: number) => ({
    directory: join(directory, name),
    port: options.port && options.port + offset,
  })
  // If a server cannot start, those before it are closed.
  await using started = new OpenResources()
  const owned = <T extends { close(): Promise<void> }>(server: T) => started.add(server, each => each.close())
  const github = owned(
    await (options.startGitHub ?? startGitHub)({
      ...location('github', 3),
      token: keys.githubToken,
      cloneToken: keys.cloneToken,
      ...(app && { app }),
      webhook: null,
    }),
  )
  const template = await readTemplate({ ...STACK_CONTEXT, parameters: parametersOf(github.url, options) })
  const stack = readStack(template, STACK_CONTEXT.account)
  const roles = [...stack.roles, ...[deployRole, jobRole].filter(role => role !== undefined)]
  const accountKeys = (id: string) => (id === keys.accessKeyId ? keys : undefined)
  const sts = owned(
    await startSts({ ...location('sts', 5), ...STACK_CONTEXT, credentials: accountKeys, roles }),
  )
  const { credentials } = sts
  const guard = { credentials, allows: allowsBy(sts) }
  const invoke = async (arn: string, event: unknown) =>
    (await lambda).invokeAsync(arn.split(':').at(-1) ?? '', event)
  const { interceptEvent = (_, deliver) => deliver() } = options
  const deliverEvent = (arn: string, event: unknown) => interceptEvent(event, () => invoke(arn, event))
  const s3 = owned(
    await startS3({
      ...location('s3', 1),
      ...STACK_CONTEXT,
      buckets: [stack.bucket.BucketName],
      credentials,
      allows: allowsBy(sts, stack.bucket.policy),
      notifications: notificationsOf(stack, onRecord, deliverEvent),
    }),
  )
  const sns = owned(
    await startSns({
      ...location('sns', 2),
      ...STACK_CONTEXT,
      guard,
      topics: stack.topics.map(name => ({ name })),
      onLambda: deliverEvent,
      onMail,
    }),
  )
  const onTarget: SchedulerOptions['onTarget'] = async (arn, input, roleArn) => {
    assertSchedulerMayInvoke(stack, roleArn, arn)
    await invoke(arn, input)
  }
  const groups = [stack.scheduleGroup]
  const schedulerOptions = { ...location('scheduler', 4), ...STACK_CONTEXT, guard, groups, onTarget }
  const scheduler = owned(await startScheduler({ ...schedulerOptions, ...(clock && { clock }) }))
  const invokeAsync: LambdaApiOptions['invokeAsync'] = (name, event, tenantId) =>
    interceptEvent(event, async () => (await lambda).invokeAsync(name, event, tenantId))
  const lambdaApi = owned(await startApiOf(stack, { guard, invokeAsync, port: location('', 6).port }))
  started.keep()
  return { s3, sns, github, scheduler, sts, lambdaApi, stack }
}

type ApiHost = { guard: Guard; port: number } & Pick<LambdaApiOptions, 'invokeAsync'>

const startApiOf = ({ functions }: Stack, host: ApiHost) =>
  startLambdaApi({
    ...STACK_CONTEXT,
    ...host,
    has: name => functions.some(({ FunctionName }) => FunctionName === name),
  })

const direct = (_: string, url: string) => url

/** The template's parameters. The local system uses no bundles and no image. */
const parametersOf = (url: string, { deployRole, jobRole, isolation, proxyUrl = direct }: ServerOptions) => ({
  ArtifactBucket: 'none',
  HttpBundle: 'none',
  ReportBundle: 'none',
  BuildImage: 'none',
  GitHubUrl: proxyUrl('github', url),
  GitHubApiUrl: `${proxyUrl('github', url)}/api/v3`,
  NotificationEmail: MAILBOX,
  ...(isolation && { Isolation: isolation }),
  ...(deployRole && { DeployRoles: deployRole.arn, DeployRole: deployRole.arn }),
  ...(jobRole && { JobRoles: jobRole.arn }),
})

/** Decides based on the access key's role and, if given, the resource's policy. */
function allowsBy(sts: Sts, policy: PolicyDocument | null = null): Allows {
  return (accessKeyId, request) => {
    const principal = sts.principalOf(accessKeyId)
    if (!principal || !isAllowed(principal, request)) return false
    return policy === null || decide(policy, principal, request) !== 'deny'
  }
}

/**
 * The Scheduler calls a target with the rights of the schedule's role, which must trust the Scheduler.
 * @throws Error if the role does not trust the Scheduler or may not invoke the function.
 */
function assertSchedulerMayInvoke({ roles }: Stack, roleArn: string, functionArn: string): void {
  const role = roles.find(({ arn }) => arn === roleArn)
  const context = { 'aws:SourceAccount': STACK_CONTEXT.account }
  const service = { service: 'scheduler.amazonaws.com' }
  const trusts =
    role && decide(role.trust, service, { action: 'sts:AssumeRole', resource: roleArn, context }) === 'allow'
  const request = { action: 'lambda:InvokeFunction', resource: functionArn }
  if (!trusts || !isAllowed(role, request)) throw new Error(accessDeniedMessage(roleArn, request))
}

type Invoke = (functionArn: string, event: unknown) => Promise<unknown>

/** The template's notifications, and one for `onRecord`. */
function notificationsOf({ bucket }: Stack, onRecord: (key: string) => void, invoke: Invoke) {
  const { LambdaConfigurations } = bucket.NotificationConfiguration
  const rules = LambdaConfigurations.map(
    ({ Event, Function: target, Filter }): NotificationRule => ({
      events: [Event],
      ...Object.fromEntries(Filter.S3Key.Rules.map(({ Name, Value }) => [Name, Value])),
      // Events during shutdown are lost, as in S3. The dead man's switch covers this.
      deliver: event => void invoke(target, event).catch(() => {}),
    }),
  )
  const recordRule: NotificationRule = {
    events: ['s3:ObjectCreated:*'],
    prefix: 'gh/',
    suffix: '.json',
    deliver: event => onRecord(keyOf(event.Records[0]?.s3.object.key)),
  }
  return [...rules, recordRule]
}

const keyOf = (encoded = '') => decodeURIComponent(encoded.replaceAll('+', ' '))

/** Creates the template's SNS subscriptions. */
export async function createSubscriptions({ sns, stack }: Servers, credentials: Keys): Promise<void> {
  const client = new SNSClient({ endpoint: sns.url, region: STACK_CONTEXT.region, credentials })
  for (const { TopicArn, Protocol, Endpoint, FilterPolicy } of stack.subscriptions) {
    const Attributes = FilterPolicy && { FilterPolicy: JSON.stringify(FilterPolicy) }
    await client.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }))
  }
  client.destroy()
}

/** Publishes a failure record to the failure destination with the rights of the function's role, as Lambda does. */
export async function publishFailure(
  { sns, sts }: Servers,
  { topicArn, roleArn }: { topicArn: string; roleArn: string },
  record: unknown,
): Promise<void> {
  const credentials = sts.issue(roleArn)
  const client = new SNSClient({ endpoint: sns.url, region: STACK_CONTEXT.region, credentials })
  await client.send(new PublishCommand({ TopicArn: topicArn, Message: JSON.stringify(record) }))
  client.destroy()
}
