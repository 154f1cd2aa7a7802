import type { Checks } from '../../github/checks.ts'
import { isInvalid } from '../../github/client.ts'
import type { CommitEntry, Posted } from '../../records/commit-record.ts'
import type { Store } from '../../records/store.ts'
import type { View } from '../../records/view.ts'
import { checkRunOf, conclusionOf } from './check-run.ts'
import { readDetails } from './details.ts'

export type CheckContext = {
  checks: Pick<Checks, 'put'>
  /** Whether only the failed jobs of a build can be run again. */
  mayRetry: (view: View) => Promise<boolean>
}

type At = {
  project: string
  repository: string
  commit: string
  name: string
  /** The reported build: its records may be older. */
  own: View | null
  store: Store
}
type PostedCheck = NonNullable<Posted['check']>

/**
 * Shows a truth as a check run. One that is not completed is changed, whatever build it was about. A completed one belongs to its build and
 * keeps its conclusion, because annotations stay: everything else gets another check run, and GitHub shows the newest of a name.
 * @returns null if this stack may not create check runs in this repository
 */
export async function showCheck(
  { own, store, ...at }: At,
  truth: CommitEntry,
  before: PostedCheck | null,
  { checks, mayRetry }: CheckContext,
): Promise<PostedCheck | null> {
  const { number, isUnstarted = false } = truth
  const conclusion = conclusionOf(truth)
  const build = { project: at.project, number }
  const details =
    conclusion !== null && !isUnstarted ? await readDetails(build, { own, store, mayRetry }) : null
  const isOwn =
    before && (before.conclusion === null || (before.number === number && before.conclusion === conclusion))
  const id = isOwn ? before.id : null
  const accepted = await checks.put(checkRunOf(at, truth, details), id).catch(error => {
    // Nothing from a job may prevent the notification of the end.
    if (!isInvalid(error) || details === null) throw error
    return checks.put(checkRunOf(at, truth, null), id)
  })
  return accepted === null ? null : { id: accepted, number, conclusion, hasDetails: details !== null }
}
