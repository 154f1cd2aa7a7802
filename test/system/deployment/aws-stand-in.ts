import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

/** An AWS account, as the stand-in for the AWS CLI keeps it. It can be written as JSON. */
export type Account = {
  /** The region that is configured for the AWS CLI; empty if there is none. */
  region: string
  stacks: Record<string, Stack>
  changeSets: Record<string, ChangeSet>
  /** Keys of objects. */
  objects: string[]
  /** Texts of the templates among them, by URL. */
  templates: Record<string, string>
  /** Texts of the objects of self-tests, by key. */
  selfTests: Record<string, string>
  /** Where the function URL is. */
  url: string
  buckets: string[]
  /** Tags of images. */
  images: string[]
  builds: Record<string, Build>
  trouble: Trouble
  /** Lambda's quota of concurrent executions. */
  concurrency: number
  /** The commands so far. */
  calls: string[][]
}

/** What goes wrong in an account. */
type Trouble = {
  version?: string
  credentials?: 'none' | 'expired'
  /** An operation that is denied. */
  denied?: string
  /** Why change sets fail. */
  changeSet?: string
  /** Why a resource fails, by stack. */
  resource?: Record<string, string>
  /** A bucket that belongs to another account. */
  strange?: string
  /** Why builds fail. */
  build?: string
  /** The trust whose function lacks a tool. */
  faulty?: string
  /** How many builds CodeBuild may run at once, where that is less than usual. */
  codeBuildQuota?: number
  /** Polls until a build ends. */
  slowBuild?: number
}

export type Stack = {
  status: string
  /** The states after this one. Each query moves to the next. */
  next?: string[]
  events: object[]
  parameters: Record<string, string>
  /** Hash of the template and parameters. */
  hash?: string
  /** Whether an operation has begun that the first query does not show yet. */
  isUnseen?: boolean
  /** The number of events before that operation. */
  seen?: number
}

type ChangeSet = {
  name: string
  kind: 'CREATE' | 'UPDATE' | 'IMPORT'
  parameters: Record<string, string>
  hash: string
  polls: number
}
type Build = { tag: string; polls: number }

/** What a command answers: its output and exit code. */
export type Result = { exitCode: number; stdout: string; stderr: string }

const answer = (value?: unknown): Result => {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 4)
  return { exitCode: 0, stdout: value === undefined ? '' : text, stderr: '' }
}
const refuse = (code: string, operation: string, message: string): Result => ({
  exitCode: 254,
  stdout: '',
  stderr: `\nAn error occurred (${code}) when calling the ${operation} operation: ${message}\n`,
})
const fail = (message: string): Result => ({ exitCode: 253, stdout: '', stderr: `\n${message}\n` })

type Command = {
  account: Account
  args: readonly string[]
  region: string
  /** The value of an option; empty if it is not given. */
  option(name: string): string
}

/** The value of an option: the words up to the next option. */
function optionIn(args: readonly string[], name: string): string {
  const index = args.indexOf(`--${name}`)
  if (index < 0) return ''
  const rest = args.slice(index + 1)
  const end = rest.findIndex(word => word.startsWith('--'))
  return rest.slice(0, end < 0 ? undefined : end).join(' ')
}

const outputsOf = (name: string, region: string, url = ''): Record<string, string> =>
  name === 'lambci'
    ? {
        Url: url,
        WebhookUrl: 'https://abc.lambda-url.eu-west-1.on.aws/webhook',
        Bucket: `lambci-123456789012-${region}`,
      }
    : {
        ArtifactBucket: `lambci-bootstrap-123456789012-${region}`,
        ImageRepository: `123456789012.dkr.ecr.${region}.amazonaws.com/lambci-bootstrap`,
        ImageProject: 'lambci-bootstrap-image',
      }
/** The bucket that is retained when a stack is deleted. */
const retainedBucketOf = (name: string, region: string) => {
  const { Bucket, ArtifactBucket } = outputsOf(name, region)
  return Bucket ?? ArtifactBucket ?? ''
}

/** The template of a change set; null if its object does not exist. */
function templateIn({ templates }: Account, option: Command['option']): string | null {
  const [url, body] = [option('template-url'), option('template-body')]
  if (url) return templates[url] ?? null
  return body.startsWith('file://') ? readFileSync(body.slice(7), 'utf8') : body
}

let ticks = Date.now()
const addEvent = (stack: Stack, LogicalResourceId: string, ResourceStatus: string, reason?: string) =>
  stack.events.push({
    EventId: `${LogicalResourceId}-${ResourceStatus}-${ticks}-${stack.events.length}`,
    Timestamp: new Date(ticks++).toISOString(),
    LogicalResourceId,
    ResourceType: LogicalResourceId === 'Bucket' ? 'AWS::S3::Bucket' : 'AWS::Lambda::Function',
    ResourceStatus,
    ...(reason && { ResourceStatusReason: reason }),
  })

/** Advances the running operation of a stack by one step. Returns the stack; undefined if it does not exist. */
function step(account: Account, name: string): Stack | undefined {
  const stack = account.stacks[name]
  const next = stack?.isUnseen ? undefined : stack?.next?.shift()
  if (!stack || !next) return stack
  stack.status = next
  if (next !== 'DELETED') return stack
  delete account.stacks[name]
  return undefined
}

const pairs = (values: Record<string, string>, key: string, value: string) =>
  Object.entries(values).map(([k, v]) => ({ [key]: k, [value]: v }))

const COMMANDS: Record<string, (command: Command) => Result> = {
  '--version': ({ account }) =>
    answer(account.trouble.version ?? 'aws-cli/2.31.7 Python/3.13.7 Linux/6.8 exe/x86_64'),
  'configure get': ({ account }) =>
    account.region ? answer(account.region) : { exitCode: 1, stdout: '', stderr: '' },
  'sts get-caller-identity': ({ account: { trouble }, option, region }) => {
    if (option('profile') === 'nope') return fail('The config profile (nope) could not be found')
    if (trouble.credentials === 'none')
      return fail('Unable to locate credentials. You can configure credentials by running "aws configure".')
    if (trouble.credentials === 'expired')
      return refuse(
        'ExpiredToken',
        'GetCallerIdentity',
        'The security token included in the request is expired',
      )
    if (region === 'eu-wset-1')
      return fail(`Could not connect to the endpoint URL: "https://sts.${region}.amazonaws.com/"`)
    return answer({ UserId: 'AIDA', Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/you' })
  },
  'cloudformation describe-stacks': ({ account, option, region }) => {
    const name = option('stack-name')
    if (account.trouble.denied === 'DescribeStacks')
      return refuse('AccessDenied', 'DescribeStacks', 'User: ada is not authorized to perform this.')
    const stack = step(account, name)
    if (!stack) return refuse('ValidationError', 'DescribeStacks', `Stack with id ${name} does not exist`)
    return answer({
      Stacks: [
        {
          StackName: name,
          StackStatus: stack.status,
          Outputs: pairs(outputsOf(name, region, account.url), 'OutputKey', 'OutputValue'),
          Parameters: pairs(stack.parameters, 'ParameterKey', 'ParameterValue'),
        },
      ],
    })
  },
  'cloudformation describe-stack-events': ({ account, option }) => {
    const name = option('stack-name')
    const stack = account.stacks[name]
    if (!stack) return refuse('ValidationError', 'DescribeStackEvents', `Stack [${name}] does not exist`)
    const events = stack.events.slice(0, stack.isUnseen ? stack.seen : undefined).toReversed()
    stack.isUnseen = false
    return answer({ StackEvents: events.slice(0, Number(option('max-items'))) })
  },
  'cloudformation describe-events': () =>
    answer({
      OperationEvents: [
        { EventType: 'STACK_EVENT', OperationStatus: 'FAILED' },
        {
          EventType: 'VALIDATION_ERROR',
          LogicalResourceId: 'HttpRole',
          ResourceType: 'AWS::IAM::Role',
          ValidationName: 'NAME_CONFLICT_VALIDATION',
          ValidationStatus: 'FAILED',
          ValidationStatusReason:
            "Resource of type 'AWS::IAM::Role' with identifier 'lambci-http' already exists.",
        },
      ],
    }),
  'cloudformation create-change-set': ({ account, option, region }) => {
    const [name, kind] = [option('stack-name'), option('change-set-type') as ChangeSet['kind']]
    const stack = account.stacks[name]
    if (kind === 'UPDATE' && !stack)
      return refuse('ValidationError', 'CreateChangeSet', `Stack [${name}] does not exist`)
    if (kind !== 'UPDATE' && stack)
      return refuse('AlreadyExistsException', 'CreateChangeSet', `Stack [${name}] exists`)
    if (kind === 'UPDATE' && !/^(CREATE|UPDATE|IMPORT|UPDATE_ROLLBACK)_COMPLETE$/.test(stack?.status ?? ''))
      return refuse(
        'ValidationError',
        'CreateChangeSet',
        `Stack is in ${stack?.status} state and can not be updated.`,
      )
    const template = templateIn(account, option)
    if (template === null)
      return refuse('ValidationError', 'CreateChangeSet', 'S3 error: The specified key does not exist.')
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    const limit = option('template-url') ? 1024 * 1024 : 51_200
    if (Buffer.byteLength(template) > limit)
      return refuse(
        'ValidationError',
        'CreateChangeSet',
        `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${limit}`,
      )
    type Given = { ParameterKey: string; ParameterValue: string; UsePreviousValue?: boolean }
    const given: Given[] = JSON.parse(option('parameters') || '[]')
    const parameters = Object.fromEntries(
      given.map(({ ParameterKey, ParameterValue, UsePreviousValue }) => [
        ParameterKey,
        UsePreviousValue ? (stack?.parameters[ParameterKey] ?? '') : ParameterValue,
      ]),
    )
    const hash = createHash('sha256').update(template).update(JSON.stringify(parameters)).digest('hex')
    account.changeSets[option('change-set-name')] = { name, kind, parameters, hash, polls: 0 }
    if (!stack) account.stacks[name] = { status: 'REVIEW_IN_PROGRESS', events: [], parameters: {} }
    return answer({ Id: `arn:aws:cloudformation:${region}:123456789012:changeSet/x/1`, StackId: 'arn' })
  },
  'cloudformation describe-change-set': ({ account, option }) => {
    const { set, stack } = changeSetOf(account, option('change-set-name'))
    if (set.polls++ < 1) return answer({ Status: 'CREATE_IN_PROGRESS' })
    const { changeSet } = account.trouble
    if (changeSet) return answer({ Status: 'FAILED', StatusReason: changeSet })
    if (stack.hash === set.hash)
      return answer({
        Status: 'FAILED',
        StatusReason: "The submitted information didn't contain changes. Submit different information.",
      })
    return answer({ Status: 'CREATE_COMPLETE' })
  },
  'cloudformation delete-change-set': () => answer(),
  'cloudformation execute-change-set': ({ account, option, region }) => {
    const {
      set: { name, kind, parameters, hash },
      stack,
    } = changeSetOf(account, option('change-set-name'))
    const failing = account.trouble.resource?.[name]
    // Right after the execution, the stack does not show it yet.
    Object.assign(stack, { isUnseen: true, seen: stack.events.length })
    addEvent(stack, 'HttpFunction', `${kind}_IN_PROGRESS`)
    addEvent(stack, 'HttpFunction', `${kind}_COMPLETE`)
    if (failing) {
      addEvent(stack, 'Group', `${kind}_FAILED`, 'Resource update cancelled')
      addEvent(stack, 'Bucket', `${kind}_FAILED`, failing)
      addEvent(stack, 'Switch', `${kind}_FAILED`, 'Resource creation cancelled')
    } else Object.assign(stack, { parameters, hash })
    const end = failing
      ? kind === 'CREATE'
        ? 'ROLLBACK_COMPLETE'
        : 'UPDATE_ROLLBACK_COMPLETE'
      : `${kind}_COMPLETE`
    stack.next = [
      `${kind}_IN_PROGRESS`,
      ...(failing ? [`${end.replace('COMPLETE', 'IN_PROGRESS')}`] : []),
      end,
    ]
    const bucket = retainedBucketOf(name, region)
    if (kind === 'CREATE' && account.buckets.includes(bucket)) {
      addEvent(stack, 'Bucket', 'CREATE_FAILED', `${bucket} already exists`)
      stack.next = ['ROLLBACK_COMPLETE']
    } else if (kind === 'CREATE' && !failing) account.buckets.push(bucket)
    return answer()
  },
  'cloudformation delete-stack': ({ account, option }) => {
    const stack = account.stacks[option('stack-name')]
    if (stack) addEvent(stack, 'HttpFunction', 'DELETE_COMPLETE')
    if (stack) Object.assign(stack, { status: 'DELETE_IN_PROGRESS', next: ['DELETE_IN_PROGRESS', 'DELETED'] })
    return answer()
  },
  'lambda get-account-settings': ({ account: { concurrency, stacks, trouble } }) => {
    if (trouble.denied === 'GetAccountSettings')
      return refuse(
        'AccessDeniedException',
        'GetAccountSettings',
        'User: ada is not authorized to perform this.',
      )
    const { OwnConcurrency = 0, BuildConcurrency = 0 } = stacks.lambci?.parameters ?? {}
    const reserved = 2 * Number(OwnConcurrency) + 4 * Number(BuildConcurrency)
    return answer({
      AccountLimit: {
        ConcurrentExecutions: concurrency,
        UnreservedConcurrentExecutions: concurrency - reserved,
      },
    })
  },
  'service-quotas list-service-quotas': ({ account: { trouble } }) =>
    trouble.denied === 'ListServiceQuotas'
      ? refuse('AccessDeniedException', 'ListServiceQuotas', 'User: ada is not authorized to perform this.')
      : answer({
          Quotas: ['ARM/Large', 'ARM/Small', 'Linux/Large', 'Linux/Small'].map((machine, index) => ({
            QuotaName: `Concurrently running builds for ${machine} environment`,
            QuotaCode: `L-0000000${index}`,
            Value: machine.endsWith('Small') ? (trouble.codeBuildQuota ?? 60) : 0,
          })),
        }),
  's3api head-object': ({ account, option }) =>
    account.objects.includes(option('key')) ? answer({}) : refuse('404', 'HeadObject', 'Not Found'),
  's3api put-object': ({ account, option, region }) => {
    const [bucket, key] = [option('bucket'), option('key')]
    const text = readFileSync(option('body'), 'utf8')
    if (key.startsWith('self-test/')) account.selfTests[key] = text
    else account.objects.push(key)
    if (key.endsWith('.yaml')) account.templates[`https://${bucket}.s3.${region}.amazonaws.com/${key}`] = text
    return answer({ ETag: '"x"' })
  },
  's3api get-object': ({ account, args, option }) => {
    const text = account.selfTests[option('key').split(' ')[0] ?? '']
    const file = args[args.indexOf('--key') + 2] ?? ''
    if (text === undefined) return refuse('NoSuchKey', 'GetObject', 'The specified key does not exist.')
    writeFileSync(file, text)
    return answer({ ETag: '"x"' })
  },
  's3api head-bucket': ({ account, option }) => {
    if (account.trouble.strange === option('bucket') && option('expected-bucket-owner'))
      return refuse('403', 'HeadBucket', 'Forbidden')
    // Before version 2.13 the CLI printed nothing for an existing bucket.
    return account.buckets.includes(option('bucket')) ? answer() : refuse('404', 'HeadBucket', 'Not Found')
  },
  's3api delete-bucket': ({ account, option }) => {
    account.buckets = account.buckets.filter(name => name !== option('bucket'))
    return answer()
  },
  's3 rm': () => answer(),
  'ecr get-authorization-token': () =>
    answer({ authorizationData: [{ authorizationToken: btoa('AWS:a-password') }] }),
  'ecr describe-images': ({ account, option }) => {
    const tag = option('image-ids').replace('imageTag=', '')
    return account.images.includes(tag)
      ? answer({ imageDetails: [{ imageTags: [tag] }] })
      : refuse(
          'ImageNotFoundException',
          'DescribeImages',
          `The image with imageId {imageTag:'${tag}'} does not exist`,
        )
  },
  'codebuild list-builds-for-project': ({ account }) =>
    answer({ ids: Object.keys(account.builds).toReversed() }),
  'codebuild start-build': ({ account, args }) => {
    if (account.trouble.codeBuildQuota === 0)
      return refuse(
        'AccountLimitExceededException',
        'StartBuild',
        'Cannot have more than 0 builds in queue for the account',
      )
    const [, tag = ''] = /name=IMAGE_TAG,value=([\w-]+)/.exec(args.join(' ')) ?? []
    const id = `lambci-bootstrap-image:${Object.keys(account.builds).length + 1}`
    account.builds[id] = { tag, polls: 0 }
    return answer({ build: { id } })
  },
  'codebuild batch-get-builds': ({ account, option }) =>
    answer({
      builds: option('ids')
        .split(' ')
        .flatMap(id => {
          const build = account.builds[id]
          return build ? [describeBuild(account, id, build)] : []
        }),
    }),
}

function changeSetOf({ changeSets, stacks }: Account, id: string) {
  const set = changeSets[id]
  const stack = set && stacks[set.name]
  if (!set || !stack) throw new Error(`There is no change set ${id} of an existing stack`)
  return { set, stack }
}

function describeBuild({ trouble, images }: Account, id: string, build: Build) {
  const isDone = build.polls++ >= (trouble.slowBuild ?? 1)
  const isFailed = isDone && Boolean(trouble.build)
  if (isDone && !isFailed) images.push(build.tag)
  return {
    id,
    buildStatus: isFailed ? 'FAILED' : isDone ? 'SUCCEEDED' : 'IN_PROGRESS',
    environment: { environmentVariables: [{ name: 'IMAGE_TAG', value: build.tag }] },
    phases: [
      { phaseType: 'PROVISIONING', phaseStatus: 'SUCCEEDED', durationInSeconds: 12 },
      {
        phaseType: 'BUILD',
        ...(isDone && { phaseStatus: isFailed ? 'FAILED' : 'SUCCEEDED', durationInSeconds: 95 }),
        contexts: isFailed ? [{ statusCode: 'COMMAND_EXECUTION_ERROR', message: trouble.build }] : [],
      },
    ],
    logs: {
      groupName: '/aws/codebuild/lambci-bootstrap-image',
      streamName: 'abc',
      deepLink: 'https://console.aws.amazon.com/cloudwatch/home#logEvent:abc',
    },
  }
}

/** Runs an AWS CLI command in an account, and records it there. */
export function runStandIn(account: Account, args: readonly string[]): Result {
  account.calls.push([...args])
  const [first = '', second = ''] = args
  const command = COMMANDS[first] ?? COMMANDS[`${first} ${second}`]
  const option = (name: string) => optionIn(args, name)
  return command
    ? command({ account, args, region: option('region'), option })
    : fail(`The stand-in does not support: aws ${args.join(' ')}`)
}
