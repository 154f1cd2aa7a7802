import { join } from 'node:path'
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { type GitHub, startGitHub } from '../../local/github/server.ts'
import type { Lambda } from '../../local/lambda/lambda.ts'
import { type S3Server, startS3 } from '../../local/s3/server.ts'
import { type Scheduler, startScheduler } from '../../local/scheduler/scheduler.ts'
import type { Mail } from '../../local/sns/delivery.ts'
import { type Sns, startSns } from '../../local/sns/sns.ts'
import { functionName, STACK, TRUSTS } from './functions.ts'
import type { Keys } from './keys.ts'

export const BUCKET = `${STACK}-builds`
export const REGION = 'us-east-1'
export const JOBS = `${STACK}-jobs`
export const NOTICES = `${STACK}-notices`

export type ServerOptions = {
  directory: string
  /** The first of five ports in a row; 0 takes any free ones. */
  port: number
  onMail?: (mail: Mail) => void
  /** Told of every record that is written: `gh/…/job.json`, `run.json`, `report.json`. */
  onRecord?: (key: string) => void
}

export type Servers = { s3: S3Server; sns: Sns; scheduler: Scheduler; github: GitHub }

/** Starts what stands in for AWS and GitHub. `lambda` comes later: it needs the others' addresses. */
export async function startServers(
  options: ServerOptions,
  keys: Keys,
  lambda: Promise<Lambda>,
): Promise<Servers> {
  const { directory, onMail = () => {}, onRecord = () => {} } = options
  const place = (name: string, offset: number) => ({
    directory: join(directory, name),
    port: options.port && options.port + offset,
  })
  const invoke = async (name: string, event: unknown) => (await lambda).invokeAsync(name, event)
  const wake = { events: ['s3:ObjectCreated:*'] as const, prefix: 'gh/' }
  // A notification that comes while we close is lost, as S3's may be: the dead man's switch is there for it.
  const report = (event: unknown) => void invoke(functionName('report'), event).catch(() => {})
  const s3 = await startS3({
    ...place('s3', 1),
    region: REGION,
    buckets: [BUCKET],
    credentials: id => (id === keys.accessKeyId ? { secretAccessKey: keys.secretAccessKey } : undefined),
    notifications: [
      { ...wake, suffix: '/run.json', deliver: report },
      { ...wake, suffix: '/cancel.json', deliver: report },
      { ...wake, suffix: '.json', deliver: event => onRecord(keyOf(event.Records[0]?.s3.object.key)) },
    ],
  })
  const byArn = (arn: string, event: unknown) => invoke(arn.split(':').at(-1) ?? '', event)
  const sns = await startSns({
    ...place('sns', 2),
    region: REGION,
    topics: [{ name: JOBS }, { name: NOTICES }],
    onLambda: byArn,
    onMail,
  })
  const github = await startGitHub({
    ...place('github', 3),
    token: keys.githubToken,
    cloneToken: keys.cloneToken,
    webhook: null,
  })
  const onTarget = async (arn: string, input: unknown) => void (await byArn(arn, input))
  const scheduler = await startScheduler({ ...place('scheduler', 4), groups: [STACK], onTarget })
  return { s3, sns, github, scheduler }
}

const keyOf = (encoded = '') => decodeURIComponent(encoded.replaceAll('+', ' '))

/** Who hears what: each build function the jobs of its trust, and a mailbox the notices. */
export async function subscribeAll(
  sns: Sns,
  lambda: Lambda,
  { accessKeyId, secretAccessKey }: Keys,
): Promise<void> {
  const client = new SNSClient({
    endpoint: sns.url,
    region: REGION,
    credentials: { accessKeyId, secretAccessKey },
  })
  for (const trust of TRUSTS) {
    await client.send(
      new SubscribeCommand({
        TopicArn: sns.topicArn(JOBS),
        Protocol: 'lambda',
        Endpoint: lambda.arn(functionName(`build-${trust}`)),
        Attributes: { FilterPolicy: JSON.stringify({ trust: [trust] }) },
      }),
    )
  }
  await client.send(
    new SubscribeCommand({ TopicArn: sns.topicArn(NOTICES), Protocol: 'email', Endpoint: 'you@localhost' }),
  )
  client.destroy()
}
