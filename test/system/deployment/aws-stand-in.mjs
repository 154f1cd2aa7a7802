#!/usr/bin/env node
// A stand-in for the AWS CLI. Records every command, and answers it from an account that is kept in a file.
import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'

const FILE = process.env.AWS_STAND_IN ?? ''
const argv = process.argv.slice(2)
appendFileSync(`${FILE}.calls`, `${JSON.stringify(argv)}\n`)
const account = JSON.parse(readFileSync(FILE, 'utf8'))
const { trouble } = account

const option = name => {
  const index = argv.indexOf(`--${name}`)
  if (index < 0) return undefined
  const rest = argv.slice(index + 1)
  const end = rest.findIndex(word => word.startsWith('--'))
  return rest.slice(0, end < 0 ? undefined : end).join(' ')
}
const region = option('region')
const answer = value => {
  writeFileSync(FILE, JSON.stringify(account))
  if (value !== undefined)
    process.stdout.write(typeof value === 'string' ? value : JSON.stringify(value, null, 4))
  process.exit(0)
}
const refuse = (code, operation, message) => {
  writeFileSync(FILE, JSON.stringify(account))
  process.stderr.write(`\nAn error occurred (${code}) when calling the ${operation} operation: ${message}\n`)
  process.exit(254)
}
const fail = message => {
  process.stderr.write(`\n${message}\n`)
  process.exit(253)
}

const OUTPUTS = {
  lambci: {
    Url: 'https://abc.lambda-url.eu-west-1.on.aws',
    WebhookUrl: 'https://abc.lambda-url.eu-west-1.on.aws/webhook',
    Bucket: `lambci-123456789012-${region}`,
  },
  'lambci-bootstrap': {
    ArtifactBucket: `lambci-bootstrap-123456789012-${region}`,
    ImageRepository: `123456789012.dkr.ecr.${region}.amazonaws.com/lambci-bootstrap`,
    ImageProject: 'lambci-bootstrap-image',
  },
}
/** The bucket that is retained when a stack is deleted. */
const retainedBucketOf = name => (name === 'lambci' ? OUTPUTS.lambci.Bucket : OUTPUTS[name].ArtifactBucket)
let ticks = Date.now()
const event = (stack, LogicalResourceId, ResourceStatus, ResourceStatusReason) =>
  stack.events.push({
    EventId: `${LogicalResourceId}-${ResourceStatus}-${ticks}-${stack.events.length}`,
    Timestamp: new Date(ticks++).toISOString(),
    LogicalResourceId,
    ResourceType: LogicalResourceId === 'Bucket' ? 'AWS::S3::Bucket' : 'AWS::Lambda::Function',
    ResourceStatus,
    ...(ResourceStatusReason && { ResourceStatusReason }),
  })

/** Advances the running operation of a stack by one step. */
function step(name) {
  const stack = account.stacks[name]
  if (!stack?.next?.length || stack.isUnseen) return stack
  stack.status = stack.next.shift()
  if (stack.status === 'DELETED') {
    delete account.stacks[name]
    return undefined
  }
  return stack
}

const COMMANDS = {
  '--version': () => answer(trouble.version ?? 'aws-cli/2.31.7 Python/3.13.7 Linux/6.8 exe/x86_64'),
  'configure get': () => (account.region ? answer(account.region) : process.exit(1)),
  'sts get-caller-identity': () => {
    if (option('profile') === 'nope') fail('The config profile (nope) could not be found')
    if (trouble.credentials === 'none')
      fail('Unable to locate credentials. You can configure credentials by running "aws configure".')
    if (trouble.credentials === 'expired')
      refuse('ExpiredToken', 'GetCallerIdentity', 'The security token included in the request is expired')
    if (region === 'eu-wset-1')
      fail(`Could not connect to the endpoint URL: "https://sts.${region}.amazonaws.com/"`)
    answer({ UserId: 'AIDA', Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/you' })
  },
  'cloudformation describe-stacks': () => {
    const name = option('stack-name')
    if (trouble.denied === 'DescribeStacks')
      refuse('AccessDenied', 'DescribeStacks', 'User: ada is not authorized to perform this.')
    const stack = step(name)
    if (!stack) refuse('ValidationError', 'DescribeStacks', `Stack with id ${name} does not exist`)
    const pairs = (object, key, value) =>
      Object.entries(object ?? {}).map(([k, v]) => ({ [key]: k, [value]: v }))
    answer({
      Stacks: [
        {
          StackName: name,
          StackStatus: stack.status,
          Outputs: pairs(OUTPUTS[name], 'OutputKey', 'OutputValue'),
          Parameters: pairs(stack.parameters, 'ParameterKey', 'ParameterValue'),
        },
      ],
    })
  },
  'cloudformation describe-stack-events': () => {
    const name = option('stack-name')
    if (!account.stacks[name])
      refuse('ValidationError', 'DescribeStackEvents', `Stack [${name}] does not exist`)
    const stack = account.stacks[name]
    const events = stack.events.slice(0, stack.isUnseen ? stack.seen : undefined).toReversed()
    stack.isUnseen = false
    answer({ StackEvents: events.slice(0, Number(option('max-items'))) })
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
  'cloudformation create-change-set': () => {
    const [name, kind] = [option('stack-name'), option('change-set-type')]
    const stack = account.stacks[name]
    if (kind === 'UPDATE' && !stack)
      refuse('ValidationError', 'CreateChangeSet', `Stack [${name}] does not exist`)
    if (kind !== 'UPDATE' && stack)
      refuse('AlreadyExistsException', 'CreateChangeSet', `Stack [${name}] exists`)
    if (kind === 'UPDATE' && !/^(CREATE|UPDATE|IMPORT|UPDATE_ROLLBACK)_COMPLETE$/.test(stack.status))
      refuse(
        'ValidationError',
        'CreateChangeSet',
        `Stack is in ${stack.status} state and can not be updated.`,
      )
    const body = option('template-body')
    const template = body.startsWith('file://') ? readFileSync(body.slice(7), 'utf8') : body
    const given = JSON.parse(option('parameters') ?? '[]')
    const parameters = Object.fromEntries(
      given.map(({ ParameterKey, ParameterValue, UsePreviousValue }) => [
        ParameterKey,
        UsePreviousValue ? stack.parameters[ParameterKey] : ParameterValue,
      ]),
    )
    const hash = createHash('sha256').update(template).update(JSON.stringify(parameters)).digest('hex')
    account.changeSets[option('change-set-name')] = { name, kind, parameters, hash, polls: 0 }
    if (!stack) account.stacks[name] = { status: 'REVIEW_IN_PROGRESS', events: [], parameters: {} }
    answer({ Id: `arn:aws:cloudformation:${region}:123456789012:changeSet/x/1`, StackId: 'arn' })
  },
  'cloudformation describe-change-set': () => {
    const set = account.changeSets[option('change-set-name')]
    if (set.polls++ < 1) answer({ Status: 'CREATE_IN_PROGRESS' })
    if (trouble.changeSet) answer({ Status: 'FAILED', StatusReason: trouble.changeSet })
    if (account.stacks[set.name].hash === set.hash)
      answer({
        Status: 'FAILED',
        StatusReason: "The submitted information didn't contain changes. Submit different information.",
      })
    answer({ Status: 'CREATE_COMPLETE' })
  },
  'cloudformation delete-change-set': () => answer(),
  'cloudformation execute-change-set': () => {
    const { name, kind, parameters, hash } = account.changeSets[option('change-set-name')]
    const stack = account.stacks[name]
    const failing = trouble.resource?.[name]
    // Right after the execution, the stack does not show it yet.
    Object.assign(stack, { isUnseen: true, seen: stack.events.length })
    const done = kind === 'IMPORT' ? 'IMPORT' : kind === 'CREATE' ? 'CREATE' : 'UPDATE'
    event(stack, 'HttpFunction', `${done}_IN_PROGRESS`)
    event(stack, 'HttpFunction', `${done}_COMPLETE`)
    if (failing) {
      event(stack, 'Group', `${done}_FAILED`, 'Resource update cancelled')
      event(stack, 'Bucket', `${done}_FAILED`, failing)
      event(stack, 'Switch', `${done}_FAILED`, 'Resource creation cancelled')
    } else Object.assign(stack, { parameters, hash })
    const end = failing
      ? done === 'CREATE'
        ? 'ROLLBACK_COMPLETE'
        : 'UPDATE_ROLLBACK_COMPLETE'
      : `${done}_COMPLETE`
    stack.next = [
      `${done}_IN_PROGRESS`,
      ...(failing ? [`${end.replace('COMPLETE', 'IN_PROGRESS')}`] : []),
      end,
    ]
    if (kind === 'CREATE' && account.buckets.includes(retainedBucketOf(name))) {
      event(stack, 'Bucket', 'CREATE_FAILED', `${retainedBucketOf(name)} already exists`)
      stack.next = ['ROLLBACK_COMPLETE']
    } else if (kind === 'CREATE' && !failing) account.buckets.push(retainedBucketOf(name))
    answer()
  },
  'cloudformation delete-stack': () => {
    const stack = account.stacks[option('stack-name')]
    if (stack) event(stack, 'HttpFunction', 'DELETE_COMPLETE')
    if (stack) Object.assign(stack, { status: 'DELETE_IN_PROGRESS', next: ['DELETE_IN_PROGRESS', 'DELETED'] })
    answer()
  },
  's3api head-object': () =>
    account.objects.includes(option('key')) ? answer({}) : refuse('404', 'HeadObject', 'Not Found'),
  's3api put-object': () => {
    readFileSync(option('body'))
    account.objects.push(option('key'))
    answer({ ETag: '"x"' })
  },
  's3api head-bucket': () => {
    if (trouble.strange === option('bucket') && option('expected-bucket-owner'))
      refuse('403', 'HeadBucket', 'Forbidden')
    // Before version 2.13 the CLI printed nothing for an existing bucket.
    account.buckets.includes(option('bucket')) ? answer() : refuse('404', 'HeadBucket', 'Not Found')
  },
  's3api delete-bucket': () => {
    account.buckets = account.buckets.filter(name => name !== option('bucket'))
    answer()
  },
  's3 rm': () => answer(),
  'ecr describe-images': () => {
    const tag = option('image-ids').replace('imageTag=', '')
    return account.images.includes(tag)
      ? answer({ imageDetails: [{ imageTags: [tag] }] })
      : refuse(
          'ImageNotFoundException',
          'DescribeImages',
          `The image with imageId {imageTag:'${tag}'} does not exist`,
        )
  },
  'codebuild list-builds-for-project': () => answer({ ids: Object.keys(account.builds).toReversed() }),
  'codebuild start-build': () => {
    const tag = /name=IMAGE_TAG,value=([\w-]+)/.exec(argv.join(' '))[1]
    const id = `lambci-bootstrap-image:${Object.keys(account.builds).length + 1}`
    account.builds[id] = { tag, polls: 0 }
    answer({ build: { id } })
  },
  'codebuild batch-get-builds': () =>
    answer({
      builds: option('ids')
        .split(' ')
        .map(id => {
          const build = account.builds[id]
          const isDone = build.polls++ >= (trouble.slowBuild ?? 1)
          const isFailed = isDone && Boolean(trouble.build)
          if (isDone && !isFailed) account.images.push(build.tag)
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
        }),
    }),
}

const command = COMMANDS[argv[0]] ?? COMMANDS[argv.slice(0, 2).join(' ')]
if (!command) fail(`The stand-in does not support: aws ${argv.join(' ')}`)
command()
