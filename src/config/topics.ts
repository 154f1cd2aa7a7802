import type { Cascade } from './cascade.ts'
import { isObject } from './json.ts'
import { quote } from './key-path.ts'

/** The topic that a cascade has come to, null for none. */
export function topicOf({ merged }: Cascade): string | null {
  const sns = isObject(merged.notifications) ? merged.notifications.sns : null
  return isObject(sns) && typeof sns.topicArn === 'string' ? sns.topicArn : null
}

/**
 * The topic that files may have, and a note where they chose another: notices are sent with the account's rights, so
 * only topics that it lists are sent to. A build is not refused for it, since many a file comes from another account.
 */
export function listedTopic(chosen: Cascade, own: string | null, listed: readonly (string | null)[]) {
  const topic = topicOf(chosen)
  if (topic === null || listed.includes(topic)) return { topic, notes: [] }
  const choices = [...new Set(listed.filter(other => other !== null))]
  const instead = own === null ? 'No notice is sent' : `Notices go to ${own}`
  const note =
    `${chosen.sources.get('notifications')?.at(-1)}: notifications.sns.topicArn ${quote(topic, 400)} is not a topic that the ` +
    `account's settings list. ${instead}. ${choices.length === 0 ? 'Add' : `Choose ${choices.join(' or ')}, or add`} it to "topics" there.`
  return { topic: own, notes: [note] }
}
