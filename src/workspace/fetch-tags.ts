import { join } from 'node:path'
import { FETCH, type FetchSource, FULL_DEPTH, UNADVERTISED } from './fetch.ts'
import { retryFetch } from './retry-fetch.ts'
import { parseRemote, withGit } from './run-git.ts'

/**
 * Fetches all tags into a working copy, and the whole history: `git describe` looks for a tag in it.
 * @throws UserError if they cannot be fetched
 */
export async function fetchTags(options: FetchSource): Promise<void> {
  const { directory, remote, commit, refs } = options
  const { href } = parseRemote(remote)
  await withGit(options, async git => {
    // The commit as well: git fails if a repository without tags has nothing to fetch.
    const fetch = (source: string) =>
      git.raw(...FETCH, `--depth=${FULL_DEPTH}`, href, source, '+refs/tags/*:refs/tags/*')
    await retryFetch(git, options, join(directory, '.git'), async () => {
      await fetch(commit).catch(error => {
        if (!UNADVERTISED.test(String(error)) || !refs[0]) throw error
        return fetch(refs[0])
      })
    })
  })
}
