import type { Aws, Json } from './aws.ts'
import { hasBucket } from './buckets.ts'
import { DeployFailure, pause } from './failure.ts'
import { followStack, type StackState, settleStack } from './stack.ts'
import { eventsSince, type Marker, newestEvent, RECENT, reasonOfFailure } from './stack-events.ts'

export type Wanted = {
  name: string
  /** Path of the template. */
  template: string
  /** Of all the template's parameters, by name; undefined keeps what the stack has, or the default. */
  parameters: Readonly<Record<string, string | undefined>>
  /** The bucket that stays when the stack goes, by its name and its id in the template. */
  kept: { bucket: string; id: string }
}

/**
 * Makes a stack what its template says, by a change set: whatever is under way is waited for, what is left by a failed
 * attempt cleared away. Without changes nothing is done.
 * @throws DeployFailure with the failing resource's own reason
 */
export async function deployStack(aws: Aws, wanted: Wanted): Promise<StackState> {
  const { name, template, kept } = wanted
  let standing = await settleStack(aws, name)
  if (!standing && (await hasBucket(aws, kept.bucket))) {
    console.log(`  The bucket ${kept.bucket} is there, left by an earlier stack: the new one takes it over`)
    standing = await adoptBucket(aws, wanted)
  }
  const parameters = Object.entries(wanted.parameters).flatMap(([key, value]): object[] => {
    if (value !== undefined) return [{ ParameterKey: key, ParameterValue: value }]
    const hasOne = standing?.parameters[key] !== undefined
    return hasOne ? [{ ParameterKey: key, UsePreviousValue: true }] : []
  })
  const changed = await change(aws, name, standing ? 'UPDATE' : 'CREATE', [
    ...['--template-body', `file://${template}`, '--parameters', JSON.stringify(parameters)],
  ])
  const state = changed ?? standing
  if (!state) throw new DeployFailure(`CloudFormation finds nothing in ${template} to create.`)
  if (!changed) console.log(`  ${name} is as it should be already`)
  return state
}

/**
 * Makes a stack that owns a bucket which an earlier stack has left, and nothing else yet: a creation would stumble over it.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-new-stack.html
 */
async function adoptBucket(aws: Aws, { name, kept: { bucket, id } }: Wanted): Promise<StackState | null> {
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
  return change(aws, name, 'IMPORT', [
    ...['--template-body', JSON.stringify({ Resources: { [id]: resource } })],
    ...['--resources-to-import', JSON.stringify([imported])],
  ])
}

type Kind = 'CREATE' | 'UPDATE' | 'IMPORT'

/** Carries out one change set; answers the stack after it, null where there was nothing to change. */
async function change(
  aws: Aws,
  name: string,
  kind: Kind,
  what: readonly string[],
): Promise<StackState | null> {
  const since = kind === 'UPDATE' ? await newestEvent(aws, name) : null
  const named = ['--stack-name', name, '--change-set-name', `lambci-${Date.now()}`]
  const { Id: id } = await aws.demand(
    ...['cloudformation', 'create-change-set', ...named, '--change-set-type', kind],
    ...['--capabilities', 'CAPABILITY_NAMED_IAM', ...what],
  )
  const refusal = await refusalOfChangeSet(aws, named)
  if (refusal !== null) {
    const reason = await explainRefusal(aws, id, refusal)
    await aws.ask('cloudformation', 'delete-change-set', ...named)
    if (/didn't contain changes|No updates are to be performed/.test(refusal)) return null
    throw new DeployFailure(`CloudFormation will not change ${name}: ${reason}`)
  }
  await aws.demand('cloudformation', 'execute-change-set', ...named)
  await awaitBeginning(aws, name, since)
  const state = await followStack(aws, name, since)
  if (state && /^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(state.status)) return state
  const reason = (await reasonOfFailure(aws, name, since)) ?? 'CloudFormation gives no reason.'
  throw new DeployFailure(
    `The stack ${name} could not be deployed (${state?.status ?? 'it has gone'}). ${reason}\nPut it right, and run this again: it goes on from here.`,
  )
}

/** Looks after which the stack is believed as it is. */
const PATIENCE = 20

/** Right after a change set was set going, its stack may still look as before, and so like one that is done. */
async function awaitBeginning(aws: Aws, name: string, since: Marker): Promise<void> {
  for (let look = 0; look < PATIENCE; look++) {
    const news = await eventsSince(aws, name, since, RECENT)
    if (news.some(({ ResourceStatus }) => ResourceStatus !== 'REVIEW_IN_PROGRESS')) return
    await pause()
  }
}

/** Why CloudFormation refuses a change set; null once it may be carried out. */
async function refusalOfChangeSet(aws: Aws, named: readonly string[]): Promise<string | null> {
  for (;;) {
    const { Status, StatusReason = '' } = await aws.demand('cloudformation', 'describe-change-set', ...named)
    if (Status === 'CREATE_COMPLETE') return null
    if (Status === 'FAILED') return StatusReason
    await pause()
  }
}

/**
 * The reason of a refusal; where CloudFormation has checked resources beforehand, it says only in events what is wrong.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_OperationEvent.html
 */
async function explainRefusal(aws: Aws, id: string, refusal: string): Promise<string> {
  if (!refusal.includes('EarlyValidation')) return refusal
  const filter = ['--change-set-name', id, '--filters', 'FailedEvents=true']
  const answer = await aws.ask('cloudformation', 'describe-events', ...filter)
  const events: Json[] = answer.ok ? answer.value.OperationEvents : []
  const reasons = events.flatMap(({ LogicalResourceId, ResourceType, ValidationStatusReason }) =>
    ValidationStatusReason ? [`${LogicalResourceId} (${ResourceType}): ${ValidationStatusReason}`] : [],
  )
  return reasons.join('\n') || refusal
}
