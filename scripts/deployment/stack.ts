import type { Aws, Json } from './aws.ts'
import { DeployFailure, pause } from './failure.ts'
import {
  describeEvent,
  eventsSince,
  type Marker,
  newestEvent,
  RECENT,
  reasonOfFailure,
} from './stack-events.ts'

export type StackState = {
  status: string
  outputs: Record<string, string>
  parameters: Record<string, string>
}

/** The stack as it stands, or null where there is none. */
export async function describeStack(aws: Aws, name: string): Promise<StackState | null> {
  const found = await aws.find(
    /^ValidationError: .*does not exist/,
    'cloudformation',
    'describe-stacks',
    '--stack-name',
    name,
  )
  const stack: Json = found?.Stacks[0]
  if (!stack) return null
  const { StackStatus, Outputs = [], Parameters = [] } = stack
  return {
    status: StackStatus,
    outputs: Object.fromEntries(Outputs.map((output: Json) => [output.OutputKey, output.OutputValue])),
    parameters: Object.fromEntries(Parameters.map((one: Json) => [one.ParameterKey, one.ParameterValue])),
  }
}

/** States in which a stack never became one, or is none any more: it can only be deleted. */
const STILLBORN = [
  'ROLLBACK_COMPLETE',
  'ROLLBACK_FAILED',
  'REVIEW_IN_PROGRESS',
  'CREATE_FAILED',
  'DELETE_FAILED',
]
export const isStillborn = ({ status }: StackState) => STILLBORN.includes(status)
const isMoving = ({ status }: StackState) =>
  status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS'

/** Waits for what is under way with a stack; answers its state then, null where there is none. */
export async function awaitStack(aws: Aws, name: string): Promise<StackState | null> {
  const state = await describeStack(aws, name)
  if (!state || !isMoving(state)) return state
  console.log(`  ${name} is in ${state.status}: waiting for it first`)
  return followStack(aws, name, await newestEvent(aws, name))
}

/**
 * Brings a stack to where it can be worked on: waits for what is under way, and clears away what never came to be.
 * Answers its state, null where there is none.
 */
export async function settleStack(aws: Aws, name: string): Promise<StackState | null> {
  const state = await awaitStack(aws, name)
  if (!state) return null
  const stuck = describeStuck(aws, name, state.status)
  if (stuck) throw new DeployFailure(`The stack ${name} is in ${state.status}. ${stuck}, and run this again.`)
  if (!isStillborn(state)) return state
  console.log(`  ${name} is in ${state.status}, left by an attempt that failed: it is deleted, and made anew`)
  await deleteStack(aws, name)
  return null
}

/** What a person must do about a stack that neither goes on nor can be taken away without asking. */
function describeStuck({ place }: Aws, name: string, status: string): string | null {
  const command = (what: string) => `"aws cloudformation ${what} --stack-name ${name}${place}"`
  if (status === 'UPDATE_ROLLBACK_FAILED') return `Let it finish with ${command('continue-update-rollback')}`
  if (/^IMPORT_ROLLBACK_/.test(status))
    return `It could not take over its bucket. Delete it with ${command('delete-stack')}, which leaves the bucket`
  return null
}

export async function deleteStack(aws: Aws, name: string): Promise<void> {
  const since = await newestEvent(aws, name)
  await aws.demand('cloudformation', 'delete-stack', '--stack-name', name)
  const left = await followStack(aws, name, since)
  if (left && left.status !== 'DELETE_COMPLETE') {
    const reason = (await reasonOfFailure(aws, name, since)) ?? left.status
    throw new DeployFailure(
      `The stack ${name} could not be deleted. ${reason}\nPut it right, and run this again.`,
    )
  }
}

/** Says what happens to a stack, one line for each resource that is done, until it has come to rest; answers how it did. */
export async function followStack(aws: Aws, name: string, since: Marker): Promise<StackState | null> {
  let last = since
  for (;;) {
    const state = await describeStack(aws, name)
    for (const event of state ? await eventsSince(aws, name, last, RECENT) : []) {
      last = event.EventId
      const line = describeEvent(event)
      if (line) console.log(line)
    }
    if (!state || !isMoving(state)) return state
    await pause()
  }
}
