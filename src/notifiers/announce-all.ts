import type { Notifications } from '../config/notifications.ts'
import type { Announcement } from '../model/announcement.ts'
import type { Notifier } from './notifier.ts'

/**
 * Announces something through all notifiers that can and have not yet (those not in `done`). Returns the names of those that are done now,
 * even if their service refuses it permanently.
 */
export async function announceAll(
  notifiers: readonly Notifier[],
  settings: Notifications,
  announcement: Announcement,
  done: readonly string[],
): Promise<{ done: string[]; again: boolean }> {
  const left = notifiers.flatMap(({ name, announce }) =>
    announce && !done.includes(name) ? [{ name, announce }] : [],
  )
  const results = await Promise.all(
    left.map(async ({ name, announce }) => {
      const again = await announce(announcement, settings).catch(error => {
        console.error(error)
        return true
      })
      return { name, again }
    }),
  )
  return {
    done: [...done, ...results.flatMap(({ name, again }) => (again ? [] : [name]))],
    again: results.some(({ again }) => again),
  }
}
