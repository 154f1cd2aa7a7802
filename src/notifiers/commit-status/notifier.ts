import { type CommitStatus, describeGitHubError, isInvalid, isPermanentError } from '../../github/client.ts'
import { type BuildStatus, mayFollow } from '../../model/conclusion.ts'
import { headNameOf } from '../../model/newer.ts'
import { z } from '../../model/zod.ts'
import type { CommitEntry } from '../../records/commit-record.ts'
import { describeSubject } from '../../records/wording.ts'
import type { BuildNews, Notifier } from '../notifier.ts'
import { commitStatusOf } from './commit-status.ts'
import { type CommitContext, hasEntry, updateCommitStatus } from './commit-truth.ts'
import { leaveCommits } from './left-commits.ts'

const deliveredSchema = z.object({
  status: z.string(),
  state: z.string(),
  description: z.string(),
  isGone: z.boolean(),
  /** The last status of this build that GitHub has accepted. */
  accepted: z.string().nullable(),
  error: z.string().nullable(),
})
type Delivered = z.infer<typeof deliveredSchema>

/**
 * Sets the commit's status on GitHub, or its check run, to which each build of the commit contributes. One notifier does both, so that no
 * commit has both under one name.
 */
export const commitStatusNotifier = (context: CommitContext): Notifier<object, Delivered> => ({
  name: 'commit-status',
  settings: z.object({}),
  delivered: deliveredSchema,
  notify: async (news, _, delivered) => {
    const { view, isGone } = news
    const status = await wantedStatus(news, delivered, context)
    const accepted = delivered?.accepted ?? null
    if (!status) return leaveWithoutStatus(news, delivered, context)
    const { state, description } = status
    const next = { status: view.status, state, description, isGone, accepted }
    if (isCurrent(delivered, next) || goesBack(delivered, view.status)) return { delivered, again: false }
    try {
      await updateCommitStatus(view, entryOf(news, status), context)
      if (!delivered || news.isOver || isGone) await leaveCommits(news, context)
      return { delivered: { ...next, accepted: state, error: null }, again: false }
    } catch (error) {
      // Any refusal may be temporary, except that of the contents: GitHub also answers 404 while it has not yet seen a commit.
      const again = accepted === 'pending' || !isInvalid(error)
      const isStanding = accepted === 'pending' || !isPermanentError(error)
      return { delivered: { ...next, error: describeGitHubError(error) }, again, isStanding }
    }
  },
})

/** A build without its own status: its branch or pull request may still have left earlier commits. */
async function leaveWithoutStatus(news: BuildNews, delivered: Delivered | null, context: CommitContext) {
  const { view, isOver, isGone } = news
  if (!isGone && (view.status !== 'skipped' || !isOver)) return { delivered, again: false }
  try {
    await leaveCommits(news, context)
    return { delivered, again: false }
  } catch (error) {
    console.error(error)
    return { delivered, again: !isInvalid(error), isStanding: !isPermanentError(error) }
  }
}

/**
 * A skipped build has no status, but an earlier statement about its branch or pull request at this commit is no longer valid: that of an
 * earlier build, or of this one while it waited for approval.
 */
async function wantedStatus(
  { view, url, isOver }: BuildNews,
  delivered: Delivered | null,
  context: CommitContext,
) {
  const status = commitStatusOf(view, url)
  if (status || view.status !== 'skipped' || !isOver) return status
  return delivered || (await hasEntry(view, context))
    ? commitStatusOf({ ...view, status: 'errored' }, url)
    : null
}

const entryOf = ({ view, isGone, isUnstarted }: BuildNews, status: CommitStatus): CommitEntry => ({
  state: status.state,
  description: status.description,
  targetUrl: status.targetUrl,
  context: status.context,
  number: view.number,
  subject: describeSubject(view),
  isFork: view.isFork,
  headName: headNameOf(view),
  isGone,
  ...(isUnstarted && { isUnstarted }),
  ...(view.status === 'cancelled' && { conclusion: 'cancelled' }),
  ...(view.status === 'failed' && view.exit?.kind === 'timed-out' && { conclusion: 'timed_out' }),
})

const isCurrent = (delivered: Delivered | null, next: Omit<Delivered, 'error'>) =>
  delivered?.error === null &&
  delivered.state === next.state &&
  delivered.description === next.description &&
  delivered.isGone === next.isGone

/** A status never goes back to an earlier one. */
function goesBack(delivered: Delivered | null, status: BuildStatus): boolean {
  const before = delivered?.status as BuildStatus | undefined
  return before !== undefined && before !== status && !mayFollow(before, status)
}
