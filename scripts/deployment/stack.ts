import type { Aws, Json } from './aws.ts'
import type { Context } from './context.ts'
import { DeployFailure } from './failure.ts'
import {
  describeEvent,
  eventsAfter,
  failureReason,
  type Marker,
  newestEvent,
  RECENT,
} from './stack-events.ts'

export type StackState = {
  status: string
  outputs: Record<string, string>
  parameters: Record<string, string>
}

/** The state of a stack; null if it does not exist. */
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

/** States in which a stack can only be deleted. */
const UNUSABLE = [
  'ROLLBACK_COMPLETE',
  'ROLLBACK_FAILED',
  'REVIEW_IN_PROGRESS',
  'CREATE_FAILED',
  'DELETE_FAILED',
]
export const mustBeDeleted = ({ status }: StackState) => UNUSABLE.includes(status)
const isInProgress = ({ status }: StackState) =>
  status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS'

/** Waits for a running operation on a stack. Returns its state afterwards; null if it does not exist. */
export async function waitForStack(context: Context, name: string): Promise<StackState | null> {
  const { aws, print } = context
  const state = await describeStack(aws, name)
  if (!state || !isInProgress(state)) return state
  print(`  ${name} is in ${state.status}: waiting`)
  return followStack(context, name, await newestEvent(aws, name))
}

/**
 * Prepares a stack for an update: waits for a running operation, and deletes a stack whose creation failed.
 * Returns its state; null if it does not exist.
 * @throws DeployFailure if it needs a manual fix
 */
export async function prepareStack(context: Context, name: string): Promise<StackState | null> {
  const { aws, print } = context
  const state = await waitForStack(context, name)
  if (!state) return null
  const fix = describeFix(aws, name, state.status)
  if (fix) throw new DeployFailure(`The stack ${name} is in ${state.status}. ${fix}, and deploy again.`)
  if (!mustBeDeleted(state)) return state
  print(`  ${name} is in ${state.status} after a failed deploy: deleting and recreating it`)
  await deleteStack(context, name)
  return null
}

/**
 * How to repair a stack that cannot be updated or deleted until the user decides; null for other stacks.
 */
function describeFix({ cliOptions }: Aws, name: string, status: string): string | null {
  const command = (action: string) => `"aws cloudformation ${action} --stack-name ${name}${cliOptions}"`
  if (status === 'UPDATE_ROLLBACK_FAILED')
    return `Finish the rollback with ${command('continue-update-rollback')}`
  if (/^IMPORT_ROLLBACK_/.test(status))
    return `Importing its bucket failed. Delete the stack with ${command('delete-stack')}, which keeps the bucket`
  return null
}

export async function deleteStack(context: Context, name: string): Promise<void> {
  const { aws } = context
  const since = await newestEvent(aws, name)
  await aws.run('cloudformation', 'delete-stack', '--stack-name', name)
  const left = await followStack(context, name, since)
  if (left && left.status !== 'DELETE_COMPLETE') {
    const reason = (await failureReason(aws, name, since)) ?? left.status
    throw new DeployFailure(`Deleting the stack ${name} failed. ${reason}\nFix the error and try again.`)
  }
}

/**
 * Prints a line for each finished resource until the operation on a stack ends. Returns its state; null if deleted.
 */
export async function followStack(
  { aws, print, pause }: Context,
  name: string,
  since: Marker,
): Promise<StackState | null> {
  let last = since
  for (;;) {
    const state = await describeStack(aws, name)
    for (const event of state ? await eventsAfter(aws, name, last, RECENT) : []) {
      last = event.EventId
      const line = describeEvent(event)
      if (line) print(line)
    }
    if (!state || !isInProgress(state)) return state
    await pause()
  }
}
