import type { Account } from '../account/settings.ts'
import type { ApprovalReason } from '../model/approval.ts'
import type { BuildRequest } from '../model/build.ts'
import { countBuild } from '../records/counter.ts'
import { readSpend } from '../records/spend.ts'
import type { Store } from '../records/store.ts'

type Request = Pick<BuildRequest, 'project' | 'isFork' | 'isStranger'>

/**
 * Why a person must approve a build before it starts; null if it may start, and is counted then. A build that waits does not reduce the
 * number of others.
 */
export async function needsApproval(
  store: Store,
  request: Request,
  account: Account,
  now: Date,
): Promise<ApprovalReason | null> {
  const { project, isFork, isStranger } = request
  if (isFork && account.approval === 'forks') return 'fork'
  if (isFork && isStranger && account.approval === 'strangers') return 'stranger'
  if (account.monthlyBudget !== null) {
    const spend = await readSpend(store, project, now)
    if (spend && spend.cost >= account.monthlyBudget) return 'budget'
  }
  return countBuild(store, request, account, now)
}
