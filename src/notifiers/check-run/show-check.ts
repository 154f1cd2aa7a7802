import type { Checks } from '../../github/checks.ts'
import { isInvalid } from '../../github/client.ts'
import type { CommitEntry, Posted } from '../../records/commit-record.ts'
import type { Store } from '../../records/store.ts'
import type { View } from '../../records/view.ts'
import { checkRunOf, conclusionOf } from './check-run.ts'
import { readDetails } from './details.ts'

export type CheckContext = {
  checks: Pick<Checks, 'put'>
  /** Whether what failed in a build can be run again by itself. */
  mayRetry: (view: View) => Promise<boolean>
}

type At = {
  project: string
  repository: string
  commit: string
  name: string
  /** The build that is reported: what is on record of it may be older. */
  own: View | null
  store: Store
}
type PostedCheck = NonNullable<Posted['check']>

/**
 * Shows a truth by a check run. One that is not completed is changed, whatever build it was about. A completed one belongs to
 * its build and keeps its conclusion, because annotations stay: all else gets another check run, and GitHub shows the newest of a
 * name.
 * @returns null if this stack may make no check runs in this repository
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
    // Nothing that a job has left may keep people from being told the end.
    if (!isInvalid(error) || details === null) throw error
    return checks.put(checkRunOf(at, truth, null), id)
  })
  return accepted === null ? null : { id: accepted, number, conclusion, hasDetails: details !== null }
}
