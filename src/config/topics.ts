import type { Cascade } from './cascade.ts'
import { isObject } from './json.ts'
import { quote } from './key-path.ts'

/** The SNS topic of a cascade. Null if there is none. */
export function topicOf({ merged }: Cascade): string | null {
  const sns = isObject(merged.notifications) ? merged.notifications.sns : null
  return isObject(sns) && typeof sns.topicArn === 'string' ? sns.topicArn : null
}

/**
 * The topic for a build's notifications: the configured one if it is among `listed`, or else the account's `own`, with a note.
 * Notifications are sent with the account's permissions, so files may only choose topics that it lists. Another topic does not fail the
 * build, because many files were copied from another account.
 */
export function allowedTopic(configured: Cascade, own: string | null, listed: readonly (string | null)[]) {
  const topic = topicOf(configured)
  if (topic === null || listed.includes(topic)) return { topic, notes: [] }
  const choices = [...new Set(listed.filter(other => other !== null))]
  const effect = own === null ? 'No notification is sent' : `Notifications go to ${own}`
  const file = configured.sources.get('notifications')?.at(-1)
  const note =
    `${file}: notifications.sns.topicArn ${quote(topic, 400)} is not listed in the account's settings. ${effect}. ` +
    `${choices.length === 0 ? 'Add' : `Choose ${choices.join(' or ')}, or add`} it to "topics" there.`
  return { topic: own, notes: [note] }
}
