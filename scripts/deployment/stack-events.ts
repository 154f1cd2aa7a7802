import type { Aws } from './aws.ts'

type Event = {
  EventId: string
  LogicalResourceId: string
  ResourceType: string
  ResourceStatus: string
  ResourceStatusReason?: string
}

/** The newest event that is known of a stack, by id; null where none is. What is newer is news. */
export type Marker = string | null

export async function newestEvent(aws: Aws, name: string): Promise<Marker> {
  const answer = await aws.ask(
    'cloudformation',
    'describe-stack-events',
    ...['--stack-name', name, '--max-items', '1'],
  )
  return answer.ok ? (answer.value.StackEvents[0]?.EventId ?? null) : null
}

/** Oldest first. `most` bounds how far back is read, and so how long a look at an old stack takes. */
export async function eventsSince(aws: Aws, name: string, since: Marker, most: number): Promise<Event[]> {
  const answer = await aws.ask(
    'cloudformation',
    'describe-stack-events',
    ...['--stack-name', name, '--max-items', String(most)],
  )
  const events: Event[] = answer.ok ? answer.value.StackEvents : []
  const known = events.findIndex(({ EventId }) => EventId === since)
  return events.slice(0, known < 0 ? undefined : known).toReversed()
}

/** For people: one line; null for what has only begun. */
export function describeEvent(event: Event): string | null {
  const { LogicalResourceId, ResourceType, ResourceStatus, ResourceStatusReason } = event
  if (ResourceStatus.endsWith('_IN_PROGRESS')) return null
  const reason = ResourceStatus.endsWith('_FAILED') && ResourceStatusReason ? `: ${ResourceStatusReason}` : ''
  return `  ${ResourceStatus.toLowerCase().replaceAll('_', ' ').padEnd(16)} ${LogicalResourceId} (${ResourceType.replace('AWS::', '')})${reason}`
}

/** More events than there can be between two looks. */
export const RECENT = 200
/** More events than one operation on our stacks can have. */
const ALL = 1000

/** The first resource that failed by itself, in its own words: the others were only cancelled with it. */
export async function reasonOfFailure(aws: Aws, name: string, since: Marker): Promise<string | null> {
  const failed = (await eventsSince(aws, name, since, ALL)).find(
    ({ ResourceStatus, ResourceStatusReason = '' }) =>
      ResourceStatus.endsWith('_FAILED') && !/cancelled/i.test(ResourceStatusReason),
  )
  if (!failed) return null
  const { LogicalResourceId, ResourceType, ResourceStatus, ResourceStatusReason } = failed
  return `${LogicalResourceId} (${ResourceType}): ${ResourceStatusReason ?? ResourceStatus}`
}
