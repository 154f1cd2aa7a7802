import { Problem } from '../../src/problem.ts'
import type { Aws, Json } from './aws.ts'
import { DeployFailure, pause } from './failure.ts'

export type StackState = {
  status: string
  outputs: Record<string, string>
  /** Names of the parameters that it has values for. */
  parameters: string[]
}

/** The stack as it stands, or null where there is none. */
export async function describeStack(aws: Aws, name: string): Promise<StackState | null> {
  const answer = await aws.ask('cloudformation', 'describe-stacks', '--stack-name', name)
  if (!answer.ok) {
    if (answer.code === 'ValidationError' && /does not exist/.test(answer.message)) return null
    throw new Problem(`The stack ${name} cannot be looked at (${answer.code}): ${answer.message}`)
  }
  const stack: Json = answer.value.Stacks[0]
  const pairs = (stack.Outputs ?? []) as { OutputKey: string; OutputValue: string }[]
  return {
    status: stack.StackStatus,
    outputs: Object.fromEntries(pairs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])),
    parameters: (stack.Parameters ?? []).map(({ ParameterKey }: Json) => ParameterKey),
  }
}

/** States in which a stack never became one: it can only be deleted. */
const STILLBORN = [
  'ROLLBACK_COMPLETE',
  'ROLLBACK_FAILED',
  'REVIEW_IN_PROGRESS',
  'CREATE_FAILED',
  'DELETE_FAILED',
]
const isMoving = (status: string) => status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS'

/**
 * Brings a stack to where it can be worked on: waits for what is under way, and clears away what never came to be.
 * Answers its state, null where there is none.
 */
export async function settleStack(aws: Aws, name: string): Promise<StackState | null> {
  let state = await describeStack(aws, name)
  if (state && isMoving(state.status)) {
    console.log(`  ${name} is ${state.status}: waiting for it first`)
    await followStack(aws, name, await eventsUntilNow(aws, name))
    state = await describeStack(aws, name)
  }
  if (state?.status === 'UPDATE_ROLLBACK_FAILED') {
    throw new DeployFailure(
      `The stack ${name} is in UPDATE_ROLLBACK_FAILED. Let it finish with "aws cloudformation continue-update-rollback --stack-name ${name} --region ${aws.region}", and run this again.`,
    )
  }
  if (!state || !STILLBORN.includes(state.status)) return state
  console.log(`  ${name} is in ${state.status}, left by an attempt that failed: it is deleted, and made anew`)
  await deleteStack(aws, name)
  return null
}

export async function deleteStack(aws: Aws, name: string): Promise<void> {
  const before = await eventsUntilNow(aws, name)
  await aws.demand('cloudformation', 'delete-stack', '--stack-name', name)
  await followStack(aws, name, before)
  const left = await describeStack(aws, name)
  if (left && left.status !== 'DELETE_COMPLETE') {
    throw new DeployFailure(
      `The stack ${name} could not be deleted: ${(await reasonOfFailure(aws, name, before)) ?? left.status}`,
    )
  }
}

type Event = {
  EventId: string
  Timestamp: string
  LogicalResourceId: string
  ResourceType: string
  ResourceStatus: string
  ResourceStatusReason?: string
}

/** Says what happens to a stack, one line for each resource that is done, until it has come to rest. */
export async function followStack(aws: Aws, name: string, before: ReadonlySet<string>): Promise<void> {
  const seen = new Set(before)
  for (;;) {
    const state = await describeStack(aws, name)
    for (const event of state ? await eventsOf(aws, name) : []) {
      if (seen.has(event.EventId)) continue
      seen.add(event.EventId)
      if (!event.ResourceStatus.endsWith('_IN_PROGRESS')) console.log(describeEvent(event))
    }
    if (!state || !isMoving(state.status)) return
    await pause()
  }
}

const describeEvent = ({ LogicalResourceId, ResourceType, ResourceStatus, ResourceStatusReason }: Event) => {
  const reason = ResourceStatus.endsWith('_FAILED') && ResourceStatusReason ? `: ${ResourceStatusReason}` : ''
  return `  ${ResourceStatus.toLowerCase().replaceAll('_', ' ').padEnd(16)} ${LogicalResourceId} (${ResourceType.replace('AWS::', '')})${reason}`
}

/** Oldest first. */
async function eventsOf(aws: Aws, name: string): Promise<Event[]> {
  const answer = await aws.ask(
    'cloudformation',
    'describe-stack-events',
    ...['--stack-name', name, '--max-items', '200'],
  )
  return answer.ok ? answer.value.StackEvents.toReversed() : []
}

/** What has been told of a stack so far, by id: what is not among it is news. */
export const eventsUntilNow = async (aws: Aws, name: string): Promise<ReadonlySet<string>> =>
  new Set((await eventsOf(aws, name)).map(({ EventId }) => EventId))

/** The first resource that failed by itself, in its own words: the others were only cancelled with it. */
export async function reasonOfFailure(
  aws: Aws,
  name: string,
  before: ReadonlySet<string>,
): Promise<string | null> {
  const failed = (await eventsOf(aws, name)).find(
    ({ EventId, ResourceStatus, ResourceStatusReason = '' }) =>
      !before.has(EventId) && ResourceStatus.endsWith('_FAILED') && !/cancelled/i.test(ResourceStatusReason),
  )
  return (
    (failed &&
      `${failed.LogicalResourceId} (${failed.ResourceType}): ${failed.ResourceStatusReason ?? failed.ResourceStatus}`) ??
    null
  )
}
