import { explainQuota } from './account-quotas.ts'
import type { Aws } from './aws.ts'

type Event = {
  EventId: string
  LogicalResourceId: string
  ResourceType: string
  ResourceStatus: string
  ResourceStatusReason?: string
}

/** Id of the newest known event of a stack; null if there is none. */
export type Marker = string | null

export async function newestEvent(aws: Aws, name: string): Promise<Marker> {
  const answer = await aws.tryRun(
    'cloudformation',
    'describe-stack-events',
    ...['--stack-name', name, '--max-items', '1'],
  )
  return answer.ok ? (answer.value.StackEvents[0]?.EventId ?? null) : null
}

/** The events after `since`, oldest first, of the newest `most` events. The limit keeps old stacks quick to read. */
export async function eventsAfter(aws: Aws, name: string, since: Marker, most: number): Promise<Event[]> {
  const answer = await aws.tryRun(
    'cloudformation',
    'describe-stack-events',
    ...['--stack-name', name, '--max-items', String(most)],
  )
  const events: Event[] = answer.ok ? answer.value.StackEvents : []
  const known = events.findIndex(({ EventId }) => EventId === since)
  return events.slice(0, known < 0 ? undefined : known).toReversed()
}

/** One line of text for an event; null for one that is still in progress. */
export function describeEvent(event: Event): string | null {
  const { LogicalResourceId, ResourceType, ResourceStatus, ResourceStatusReason } = event
  if (ResourceStatus.endsWith('_IN_PROGRESS')) return null
  const reason = ResourceStatus.endsWith('_FAILED') && ResourceStatusReason ? `: ${ResourceStatusReason}` : ''
  return `  ${ResourceStatus.toLowerCase().replaceAll('_', ' ').padEnd(16)} ${LogicalResourceId} (${ResourceType.replace('AWS::', '')})${reason}`
}

/** More events than can occur between two polls. */
export const RECENT = 200
/** More events than one operation on these stacks can have. */
const ALL = 1000

/** The reason of the first resource that failed. Resources that were cancelled because of it are skipped. */
export async function failureReason(aws: Aws, name: string, since: Marker): Promise<string | null> {
  const failed = (await eventsAfter(aws, name, since, ALL)).find(
    ({ ResourceStatus, ResourceStatusReason = '' }) =>
      ResourceStatus.endsWith('_FAILED') && !/cancelled/i.test(ResourceStatusReason),
  )
  if (!failed) return null
  const { LogicalResourceId, ResourceType, ResourceStatus, ResourceStatusReason } = failed
  const reason = ResourceStatusReason ?? ResourceStatus
  return `${LogicalResourceId} (${ResourceType}): ${reason}${explainQuota(reason)}`
}
