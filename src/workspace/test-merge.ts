import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SimpleGit } from 'simple-git'
import type { TestMerge } from '../config/resolve.ts'
import type { Build } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import { asGitError, FETCH, isAncestor } from './fetch.ts'
import { type FetchOptions, gitDirectoryOf, requireValid } from './git.ts'
import { NotYetThere, retryFetch } from './retry-fetch.ts'
import { withGit } from './run-git.ts'

type PullRequest = Pick<Build, 'pullRequest' | 'branch' | 'commit' | 'baseCommit'>

/**
 * Checks out the merge of a pull request, which GitHub computes some time after each change. Until then, its ref is missing or points to
 * the merge of an older head or into another base. After a conflict, it stays that way.
 * @param options the options with which the head was fetched and checked out
 * @throws UserError if there is no merge of this head into this base after the last attempt
 */
export async function checkOutMerge(pull: PullRequest, options: FetchOptions): Promise<TestMerge> {
  const refs = [`refs/pull/${pull.pullRequest}/merge`, `refs/heads/${pull.branch}`]
  const { href } = requireValid({ ...options, refs })
  // The head is a parent, so it keeps as many commits as if it were tested itself.
  const fetch = [...FETCH, `--depth=${options.depth + 1}`, href, ...refs.map(ref => `+${ref}`)]
  return withGit(options, async git => {
    const merge = await retryFetch(git, options, gitDirectoryOf(options), async isLast => {
      const error = await git.raw(...fetch).then(() => null, asGitError)
      if (error && !/find remote ref/i.test(error.message)) throw error
      const found = error ? null : await readMerge(git, pull, gitDirectoryOf(options))
      if (found !== null) return found
      throw isLast
        ? new UserError(describeMissing(pull))
        : new NotYetThere(`GitHub has not computed the merge of pull request #${pull.pullRequest} yet`)
    })
    await git.raw('checkout', '--force', '--detach', merge.commit)
    return merge
  })
}

/** The merge that was fetched with the tip of the base branch. Null if it merges another head or base. */
async function readMerge(
  git: SimpleGit,
  { commit, baseCommit }: PullRequest,
  gitDirectory: string,
): Promise<TestMerge | null> {
  // One line for each ref, in the order of the request.
  const fetched = (await readFile(join(gitDirectory, 'FETCH_HEAD'), 'utf8')).split('\n')
  const [merge = '', tip = ''] = fetched.map(line => line.split('\t', 1)[0] ?? '')
  const [header = ''] = (await git.raw('cat-file', 'commit', merge)).split('\n\n', 1)
  // Not `merge^2`: a shallow history may end here.
  const [base, head, ...others] = [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, id = '']) => id)
  if (!base || head !== commit || others.length > 0) return null
  if (base === tip || base === baseCommit) return { commit: merge, base }
  // The branch may have moved on since. A merge that is older than the event is into another base, or from before a conflict.
  const isOfBase = await isAncestor(git, base, tip)
  const isOlder = baseCommit !== null && (await isAncestor(git, base, baseCommit))
  return isOfBase && !isOlder ? { commit: merge, base } : null
}

const describeMissing = ({ pullRequest, branch }: PullRequest) =>
  `Pull request #${pullRequest} has no merge into ${branch} to test: it has conflicts or newer commits, or GitHub has not computed the merge. ` +
  'Resolve conflicts and push, or open the pull request on GitHub and rebuild (`lambci rebuild`); with "pullRequests.merge": false its head is tested.'
