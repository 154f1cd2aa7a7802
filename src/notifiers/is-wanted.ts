import type { NotificationRule } from '../config/notifications-schema.ts'
import { isRed } from '../records/wording.ts'
import type { BuildNews } from './notifier.ts'

/**
 * Whether people want to hear of a build as it stands. Before its end only those who want to hear of every build do:
 * nobody knows yet how it ends. Without a build before it, every end is a change.
 */
export async function isWanted(
  { view, isOver, summary }: BuildNews,
  rule: NotificationRule,
): Promise<boolean> {
  if (!isOver) return rule === 'always' && view.status !== 'queued'
  if (view.status === 'skipped') return false
  if (rule === 'failure') return isRed(view)
  if (rule === 'always') return true
  const branch = await summary()
  if (branch?.number !== view.number) return true
  return branch.previous !== (view.deploy?.status === 'failed' ? 'failed' : view.status)
}
