import type { CommitStatus } from '../../github/client.ts'
import type { CommitEntry, Posted } from '../../records/commit-record.ts'
import type { Store } from '../../records/store.ts'
import type { View } from '../../records/view.ts'
import type { CheckContext } from '../check-run/show-check.ts'
import type { ShowTruth } from './post-truth.ts'

type At = { project: string; repository: string; commit: string; own: View | null }
type ShowContext = {
  store: Store
  github: { setStatus(status: CommitStatus): Promise<void> }
  /** Absent if commits only get statuses. */
  checks?: CheckContext
}

/**
 * Shows a truth as a check run or, if this stack may not create any, as a status. The first one for a commit and context decides for all
 * later ones: GitHub would show both under one name.
 * @throws Error if GitHub refuses, or does not answer
 */
export async function showTruth(
  { repository, commit, ...at }: At,
  [context, truth, before]: Parameters<ShowTruth>,
  { store, github, checks }: ShowContext,
): Promise<Posted> {
  const status = statusOf(truth)
  if (!before || before.check) {
    const given = { ...at, repository, commit, name: context, store }
    const check = checks && (await (await showing()).showCheck(given, truth, before?.check ?? null, checks))
    if (check) return { ...status, check }
    if (before)
      throw Object.assign(new Error(`the App may not change the check run: ${ADVICE}`), { status: 403 })
  }
  await github.setStatus({ repository, commit, context, ...status })
  return status
}

/** Loaded on demand, because many stacks have no App. */
const showing = () => import('../check-run/show-check.ts')

const ADVICE = 'give it the permission "Checks: read and write" again'

const statusOf = ({ state, description, targetUrl }: CommitEntry) => ({ state, description, targetUrl })
