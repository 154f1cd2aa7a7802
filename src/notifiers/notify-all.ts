import type { Notifications } from '../config/notifications.ts'
import type { BuildNews, DeliveredBase, Notifier } from './notifier.ts'

/** The deliveries of each notifier, by its name. */
export type Delivered = Record<string, unknown>

/** Brings all notifiers up to date concurrently; one that fails does not hold up the others. */
export async function notifyAll(
  notifiers: readonly Notifier[],
  news: BuildNews,
  settings: Notifications,
  delivered: Delivered,
): Promise<{ delivered: Delivered; again: boolean; isStanding: boolean }> {
  const results = await Promise.all(
    notifiers.map(async ({ name, notify }) => {
      const before = (delivered[name] ?? null) as DeliveredBase | null
      const result = await notify(news, settings, before).catch(error => {
        console.error(error)
        return { delivered: before, again: true, isStanding: before !== null }
      })
      return { name, ...result }
    }),
  )
  const entries = results.filter(each => each.delivered !== null).map(each => [each.name, each.delivered])
  return {
    delivered: { ...delivered, ...Object.fromEntries(entries) },
    again: results.some(({ again }) => again),
    isStanding: results.some(({ again, isStanding }) => again && isStanding),
  }
}
