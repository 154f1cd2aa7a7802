import { Problem } from '../problem.ts'
import type { Cascade } from './cascade.ts'
import { isObject } from './json.ts'
import { quote } from './key-path.ts'

/** The topic that a cascade has come to, null for none. */
export function topicOf({ merged }: Cascade): string | null {
  const sns = isObject(merged.notifications) ? merged.notifications.sns : null
  return isObject(sns) && typeof sns.topicArn === 'string' ? sns.topicArn : null
}

/** Throws a `Problem` if files chose a topic that the account does not list: notices are sent with its rights. */
export function checkTopic(chosen: Cascade, listed: readonly (string | null)[]): void {
  const topic = topicOf(chosen)
  if (topic === null || listed.includes(topic)) return
  const choices = [...new Set(listed.filter(other => other !== null))]
  throw new Problem(
    `${chosen.sources.get('notifications')?.at(-1)}: notifications.sns.topicArn ${quote(topic, 400)} is not a topic that the ` +
      `account's settings list. ${choices.length === 0 ? 'Add' : `Choose ${choices.join(' or ')}, or add`} it to "topics" there.`,
  )
}
