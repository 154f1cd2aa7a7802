import type { CommitState, CommitStatus } from '../../github/client.ts'
import type { BuildStatus } from '../../model/conclusion.ts'
import { describeCost } from '../../records/cost.ts'
import type { View } from '../../records/view.ts'
import { describeStatus } from '../../records/wording.ts'

/** GitHub refuses a longer description with 422. https://docs.github.com/en/rest/commits/statuses */
const DESCRIPTION_LIMIT = 140

/** A skipped build gets no status, because a false success would open a protected branch. */
const STATES: Record<BuildStatus, CommitState | null> = {
  waiting: 'pending',
  queued: null,
  running: 'pending',
  deploying: 'pending',
  passed: 'success',
  failed: 'failure',
  errored: 'error',
  cancelled: 'error',
  skipped: null,
}

/** The commit status that a build should have now; null for none. */
export function commitStatusOf(view: View, targetUrl: string): CommitStatus | null {
  const state = STATES[view.status]
  // A build that only deploys is shown by GitHub's deployment; the commit's tests have their status already.
  if (!state || view.target) return null
  return {
    repository: view.repository,
    commit: view.commit,
    state,
    context: view.pullRequest === null && view.branch === view.checkoutBranch ? 'lambci/push' : 'lambci/pr',
    description: describe(view),
    targetUrl,
  }
}

/** The cost is always shown, at the end; the rest is shortened. */
function describe(view: View): string {
  const cost = view.cost === null || view.status === 'skipped' ? '' : ` · ${describeCost(view.cost)}`
  return shortened(describeStatus(view), DESCRIPTION_LIMIT - cost.length) + cost
}

/** Shortens a text to `limit` characters. Replaces control characters, and those above U+FFFF, which GitHub refuses with 422. */
export function shortened(text: string, limit = DESCRIPTION_LIMIT): string {
  const characters = [
    ...text.replace(/[\s\p{Cc}]+/gu, ' ').replace(/[\p{Cs}\u{10000}-\u{10ffff}]/gu, '\ufffd'),
  ]
  if (characters.length <= limit) return characters.join('')
  return `${characters.slice(0, limit - 1).join('')}…`
}
