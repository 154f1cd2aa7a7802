import type { NotificationRule } from '../config/notifications-schema.ts'
import { isNotApproved, isRed, isSuperseded } from '../records/wording.ts'
import type { BuildNews } from './notifier.ts'

/**
 * Whether people want to hear of a build in its current state. Before its end, only those who want to hear of every build do, because its
 * end is unknown. Without a build before it, every end is a change.
 */
export async function isWanted(
  { view, isOver, summary }: BuildNews,
  rule: NotificationRule,
): Promise<boolean> {
  if (!isOver) return rule === 'always' && view.status !== 'queued'
  if (view.status === 'skipped' || isSuperseded(view) || isNotApproved(view)) return false
  if (rule === 'failure') return isRed(view)
  if (rule === 'always') return true
  const branch = await summary()
  // A pull request has no summary. A build that is not its branch's newest changes nothing.
  return branch === null || (branch.number === view.number && branch.previous !== view.status)
}
