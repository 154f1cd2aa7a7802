import { UserError } from '../model/user-error.ts'
import type { GitHubTokens } from './tokens.ts'

/** A repository as GitHub shows it now. */
export type FoundRepository = { id: number; name: string; isPrivate: boolean }

/**
 * Asks GitHub which repository has a name. Null if GitHub shows none to this stack's tokens.
 * @throws UserError if GitHub gives no answer
 */
export type LookUp = (repository: string) => Promise<FoundRepository | null>

export type RepositoryLookup = {
  byName: LookUp
  /** The repository with an id, whatever its name. `asSeenFrom` names one to which the tokens belong. */
  byId(id: number, asSeenFrom: string): Promise<FoundRepository | null>
}

type Answer = { data: { id: number; full_name: string; private: boolean } }

/** Looks up repositories with the tokens of a stack, one after the other. */
export function openRepositoryLookup(
  apiUrl: string,
  tokens: Pick<GitHubTokens, 'reading'>,
): RepositoryLookup {
  const request = async (path: string, repository: string, what: string): Promise<FoundRepository | null> => {
    // Loaded on demand: few deliveries need it.
    const { openOctokit, statusOf } = await import('./octokit.ts')
    try {
      for (const auth of await tokens.reading(repository)) {
        const octokit = openOctokit(apiUrl, { auth }, 0)
        // A delivery waits for the answer.
        const answer = octokit.request(`GET ${path}`, { request: { retries: 1 } }) as Promise<Answer>
        const found = await answer.catch(nullIfMissing(statusOf))
        if (found) {
          const { id, full_name: name, private: isPrivate } = found.data
          return { id, name, isPrivate }
        }
      }
      return null
    } catch (error) {
      // The App is not installed there.
      if (statusOf(error) === 404) return null
      throw new UserError(`GitHub could not be asked about ${what}: ${(error as Error).message}. Try again.`)
    }
  }
  return {
    byName: repository => request(`/repos/${repository}`, repository, repository),
    byId: (id, asSeenFrom) => request(`/repositories/${id}`, asSeenFrom, `the repository with the id ${id}`),
  }
}

const nullIfMissing = (statusOf: (error: unknown) => number | undefined) => (error: unknown) => {
  if (statusOf(error) === 404) return null
  throw error
}
