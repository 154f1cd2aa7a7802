import { join } from 'node:path'
import { PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import type { Clock } from '../clock.ts'
import type { AppOptions } from '../github/app.ts'
import { type GitHub, startGitHub } from '../github/server.ts'
import { type Allows, describeRefusal } from '../iam/access.ts'
import { decide, isAllowed } from '../iam/evaluate.ts'
import type { PolicyDocument } from '../iam/policy.ts'
import type { Lambda } from '../lambda/lambda.ts'
import type { NotificationRule } from '../s3/notification.ts'
import { type S3Server, startS3 } from '../s3/server.ts'
import { type Scheduler, startScheduler } from '../scheduler/scheduler.ts'
import type { Mail } from '../sns/delivery.ts'
import { type Sns, startSns } from '../sns/sns.ts'
import type { RoleDefinition } from '../sts/assume-role.ts'
import { type Sts, startSts } from '../sts/sts.ts'
import { STACK } from './functions.ts'
import type { Keys } from './keys.ts'
import { readStack, type Stack } from './stack.ts'
import { readTemplate } from './template.ts'

export const PLACE = { stack: STACK, region: 'us-east-1', account: '000000000000' }
export const MAILBOX = 'you@localhost'

export type ServerOptions = {
  directory: string
  /** The first of six ports in a row; 0 takes any free ones. */
  port: number
  /** A GitHub App that is installed everywhere. */
  app?: AppOptions
  /** Where the functions find a server, if not at its own address: for what stands in between. */
  reach?: ((service: 's3' | 'sns' | 'github', url: string) => string) | undefined
  /** Brings S3's and SNS's events to a function, at once and once if nobody else does it. */
  carry?: ((event: unknown, bring: () => Promise<unknown>) => Promise<unknown>) | undefined
  /** Of the Scheduler and Lambda. */
  clock?: Clock | undefined
  /** A role of the account beside the stack's own, which deploys assume. */
  deployRole?: RoleDefinition | undefined
  onMail?: (mail: Mail) => void
  /** Told of every record that is written: `gh/…/build.json`, `run.json`, `report.json`. */
  onRecord?: (key: string) => void
}

export type Servers = { s3: S3Server; sns: Sns; scheduler: Scheduler; sts: Sts; github: GitHub; stack: Stack }

/** Starts what stands in for AWS and GitHub. `lambda` comes later: it needs the others' addresses. */
export async function startServers(
  options: ServerOptions,
  keys: Keys,
  lambda: Promise<Lambda>,
): Promise<Servers> {
  const { directory, app, deployRole, clock, onMail = () => {}, onRecord = () => {} } = options
  const place = (name: string, offset: number) => ({
    directory: join(directory, name),
    port: options.port && options.port + offset,
  })
  const github = await startGitHub({
    ...place('github', 3),
    token: keys.githubToken,
    cloneToken: keys.cloneToken,
    ...(app && { app }),
    webhook: null,
  })
  const template = await readTemplate({ ...PLACE, parameters: parametersOf(github.url, options) })
  const stack = readStack(template, PLACE.account)
  const roles = [...stack.roles, ...(deployRole ? [deployRole] : [])]
  const own = (id: string) => (id === keys.accessKeyId ? keys : undefined)
  const sts = await startSts({ ...place('sts', 5), ...PLACE, credentials: own, roles })
  const { credentials } = sts
  const guard = { credentials, allows: allowsBy(sts) }
  const invoke = async (arn: string, event: unknown) =>
    (await lambda).invokeAsync(arn.split(':').at(-1) ?? '', event)
  const { carry = (_, bring) => bring() } = options
  const carried = (arn: string, event: unknown) => carry(event, () => invoke(arn, event))
  const s3 = await startS3({
    ...place('s3', 1),
    ...PLACE,
    buckets: [stack.bucket.BucketName],
    credentials,
    allows: allowsBy(sts, stack.bucket.policy),
    notifications: notificationsOf(stack, onRecord, carried),
  })
  const sns = await startSns({
    ...place('sns', 2),
    ...PLACE,
    guard,
    topics: stack.topics.map(name => ({ name })),
    onLambda: carried,
    onMail,
  })
  const scheduler = await startScheduler({
    ...place('scheduler', 4),
    ...PLACE,
    guard,
    groups: [stack.scheduleGroup],
    ...(clock && { clock }),
    onTarget: async (arn, input, roleArn) => {
      demandOfScheduler(stack, roleArn, arn)
      await invoke(arn, input)
    },
  })
  return { s3, sns, github, scheduler, sts, stack }
}

const direct = (_: string, url: string) => url

/** What the template does not know by itself; there are no bundles and no image here. */
const parametersOf = (url: string, { deployRole, reach = direct }: ServerOptions) => ({
  ArtifactBucket: 'none',
  HttpBundle: 'none',
  ReportBundle: 'none',
  BuildImage: 'none',
  GitHubUrl: reach('github', url),
  GitHubApiUrl: `${reach('github', url)}/api/v3`,
  NotificationEmail: MAILBOX,
  ...(deployRole && { DeployRoles: deployRole.arn, DeployRole: deployRole.arn }),
})

/** What the template's roles, and a resource's own policy, allow whoever holds an access key. */
function allowsBy(sts: Sts, policy: PolicyDocument | null = null): Allows {
  return (accessKeyId, request) => {
    const principal = sts.principalOf(accessKeyId)
    if (!principal || !isAllowed(principal, request)) return false
    return policy === null || decide(policy, principal, request) !== 'deny'
  }
}

/** A schedule calls its target by the rights of a role that trusts the Scheduler. */
function demandOfScheduler({ roles }: Stack, roleArn: string, functionArn: string): void {
  const role = roles.find(({ arn }) => arn === roleArn)
  const context = { 'aws:SourceAccount': PLACE.account }
  const service = { service: 'scheduler.amazonaws.com' }
  const trusts =
    role && decide(role.trust, service, { action: 'sts:AssumeRole', resource: roleArn, context }) === 'allow'
  const request = { action: 'lambda:InvokeFunction', resource: functionArn }
  if (!trusts || !isAllowed(role, request)) throw new Error(describeRefusal(roleArn, request))
}

type Invoke = (functionArn: string, event: unknown) => Promise<unknown>

/** The template's notifications, and one of our own for whoever watches. */
function notificationsOf({ bucket }: Stack, onRecord: (key: string) => void, invoke: Invoke) {
  const { LambdaConfigurations } = bucket.NotificationConfiguration
  const rules = LambdaConfigurations.map(
    ({ Event, Function: target, Filter }): NotificationRule => ({
      events: [Event],
      ...Object.fromEntries(Filter.S3Key.Rules.map(({ Name, Value }) => [Name, Value])),
      // One that comes while we close is lost, as S3's may be: the dead man's switch is there for it.
      deliver: event => void invoke(target, event).catch(() => {}),
    }),
  )
  const watched: NotificationRule = {
    events: ['s3:ObjectCreated:*'],
    prefix: 'gh/',
    suffix: '.json',
    deliver: event => onRecord(keyOf(event.Records[0]?.s3.object.key)),
  }
  return [...rules, watched]
}

const keyOf = (encoded = '') => decodeURIComponent(encoded.replaceAll('+', ' '))

/** Who hears what, as the template says. */
export async function subscribeAll({ sns, stack }: Servers, credentials: Keys): Promise<void> {
  const client = new SNSClient({ endpoint: sns.url, region: PLACE.region, credentials })
  for (const { TopicArn, Protocol, Endpoint, FilterPolicy } of stack.subscriptions) {
    const Attributes = FilterPolicy && { FilterPolicy: JSON.stringify(FilterPolicy) }
    await client.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }))
  }
  client.destroy()
}

/** Brings a failure record to the failure destination as Lambda does: by the rights of the function's own role. */
export async function publishFailure(
  { sns, sts }: Servers,
  { topicArn, roleArn }: { topicArn: string; roleArn: string },
  record: unknown,
): Promise<void> {
  const credentials = sts.issue(roleArn)
  const client = new SNSClient({ endpoint: sns.url, region: PLACE.region, credentials })
  await client.send(new PublishCommand({ TopicArn: topicArn, Message: JSON.stringify(record) }))
  client.destroy()
}
