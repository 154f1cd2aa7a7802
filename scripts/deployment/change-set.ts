import type { Aws, Json } from './aws.ts'
import { hasBucket } from './buckets.ts'
import type { Context } from './context.ts'
import { DeployFailure } from './failure.ts'
import { followStack, prepareStack, type StackState } from './stack.ts'
import { eventsAfter, failureReason, type Marker, newestEvent, RECENT } from './stack-events.ts'

export type StackSpec = {
  name: string
  /** The path of the template or, if it exceeds CloudFormation's 51,200 bytes, the URL of its object in S3. */
  template: { path: string } | { url: string }
  /** A value for every parameter of the template; undefined keeps the current value or the default. */
  parameters: Readonly<Record<string, string | undefined>>
  /** The bucket that is retained when the stack is deleted: its name and logical id. */
  retained: { bucket: string; id: string }
}

/**
 * Creates or updates a stack with a change set. First waits for a running operation and deletes the remains of a failed
 * creation. Does nothing if the stack is up to date.
 * @throws DeployFailure with the reason of the resource that failed
 */
export async function deployStack(context: Context, spec: StackSpec): Promise<StackState> {
  const { aws, print } = context
  const { name, template, retained } = spec
  let current = await prepareStack(context, name)
  if (!current && (await hasBucket(aws, retained.bucket))) {
    print(`  Importing the bucket ${retained.bucket}, which an earlier stack left`)
    current = await importBucket(context, spec)
  }
  const parameters = Object.entries(spec.parameters).flatMap(([key, value]): object[] => {
    if (value !== undefined) return [{ ParameterKey: key, ParameterValue: value }]
    const hasValue = current?.parameters[key] !== undefined
    return hasValue ? [{ ParameterKey: key, UsePreviousValue: true }] : []
  })
  const changed = await change(context, name, current ? 'UPDATE' : 'CREATE', [
    ...('url' in template
      ? ['--template-url', template.url]
      : ['--template-body', `file://${template.path}`]),
    ...['--parameters', JSON.stringify(parameters)],
  ])
  const state = changed ?? current
  if (!state)
    throw new DeployFailure(`CloudFormation found no resources to create in the template of ${name}.`)
  if (!changed) print(`  ${name} is up to date`)
  return state
}

/**
 * Creates a stack that contains only a bucket left by an earlier stack. A normal creation would fail because it exists.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-new-stack.html
 */
async function importBucket(
  context: Context,
  { name, retained: { bucket, id } }: StackSpec,
): Promise<StackState | null> {
  const resource = {
    Type: 'AWS::S3::Bucket',
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: { BucketName: bucket },
  }
  const imported = {
    ResourceType: 'AWS::S3::Bucket',
    LogicalResourceId: id,
    ResourceIdentifier: { BucketName: bucket },
  }
  return change(context, name, 'IMPORT', [
    ...['--template-body', JSON.stringify({ Resources: { [id]: resource } })],
    ...['--resources-to-import', JSON.stringify([imported])],
  ])
}

type Kind = 'CREATE' | 'UPDATE' | 'IMPORT'

/**
 * Creates and executes a change set. Returns the state of the stack afterwards; null if there was nothing to change.
 */
async function change(
  context: Context,
  name: string,
  kind: Kind,
  options: readonly string[],
): Promise<StackState | null> {
  const { aws } = context
  const since = kind === 'UPDATE' ? await newestEvent(aws, name) : null
  const named = ['--stack-name', name, '--change-set-name', `lambci-${Date.now()}`]
  const { Id: id } = await aws.run(
    ...['cloudformation', 'create-change-set', ...named, '--change-set-type', kind],
    ...['--capabilities', 'CAPABILITY_NAMED_IAM', ...options],
  )
  const error = await changeSetError(context, named)
  if (error !== null) {
    const reason = await explainChangeSetError(aws, id, error)
    await aws.tryRun('cloudformation', 'delete-change-set', ...named)
    if (/didn't contain changes|No updates are to be performed/.test(error)) return null
    throw new DeployFailure(`CloudFormation rejected the change set for ${name}: ${reason}`)
  }
  await aws.run('cloudformation', 'execute-change-set', ...named)
  await waitForStart(context, name, since)
  const state = await followStack(context, name, since)
  if (state && /^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(state.status)) return state
  const reason = (await failureReason(aws, name, since)) ?? 'CloudFormation gave no reason.'
  throw new DeployFailure(
    `Deploying the stack ${name} failed (${state?.status ?? 'the stack no longer exists'}). ${reason}\nFix the error and deploy again; the deploy continues from here.`,
  )
}

/** Polls after which an unchanged stack is assumed to have finished. */
const START_POLLS = 20

/**
 * Waits for the first event: right after a change set is executed, its stack may still show the status from before.
 */
async function waitForStart({ aws, pause }: Context, name: string, since: Marker): Promise<void> {
  for (let poll = 0; poll < START_POLLS; poll++) {
    const events = await eventsAfter(aws, name, since, RECENT)
    if (events.some(({ ResourceStatus }) => ResourceStatus !== 'REVIEW_IN_PROGRESS')) return
    await pause()
  }
}

/** Waits for a change set to be created. Returns null if it can be executed, else the reason for the failure. */
async function changeSetError({ aws, pause }: Context, named: readonly string[]): Promise<string | null> {
  for (;;) {
    const { Status, StatusReason = '' } = await aws.run('cloudformation', 'describe-change-set', ...named)
    if (Status === 'CREATE_COMPLETE') return null
    if (Status === 'FAILED') return StatusReason
    await pause()
  }
}

/**
 * Explains why a change set failed. If the early validation of resources failed, only its events have the details.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_OperationEvent.html
 */
async function explainChangeSetError(aws: Aws, id: string, error: string): Promise<string> {
  if (!error.includes('EarlyValidation')) return error
  const filter = ['--change-set-name', id, '--filters', 'FailedEvents=true']
  const answer = await aws.tryRun('cloudformation', 'describe-events', ...filter)
  const events: Json[] = answer.ok ? answer.value.OperationEvents : []
  const reasons = events.flatMap(({ LogicalResourceId, ResourceType, ValidationStatusReason }) =>
    ValidationStatusReason ? [`${LogicalResourceId} (${ResourceType}): ${ValidationStatusReason}`] : [],
  )
  return reasons.join('\n') || error
}
