import { FETCH, FULL_DEPTH } from './fetch.ts'
import { type RetryOptions, retryFetch } from './retry-fetch.ts'
import { parseRemote, withGit } from './run-git.ts'

/**
 * Fetches all tags into a repository, and the whole history: `git describe` looks for a tag in it.
 * @throws UserError if they cannot be fetched
 */
export async function fetchTags(options: RetryOptions): Promise<void> {
  const { href } = parseRemote(options.remote)
  await withGit(options, git =>
    retryFetch(git, options, `${options.directory}/.git`, async () => {
      await git.raw(...FETCH, `--depth=${FULL_DEPTH}`, href, '+refs/tags/*:refs/tags/*')
    }),
  )
}
