import { UserError } from '../model/user-error.ts'
import type { GitHubTokens } from './tokens.ts'

/** A repository by GitHub's id, which outlives its names. `name` selects the tokens for it. */
export type Place = { id: number; name: string }

/**
 * Asks GitHub whether somebody may write to a repository now.
 * @throws UserError if GitHub gives no answer
 */
export type MayWrite = (repository: Place, login: string) => Promise<boolean>

type Answer = { data: { permission: string } }

/** https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user */
export const openMayWrite =
  (apiUrl: string, tokens: Pick<GitHubTokens, 'reading'>): MayWrite =>
  async ({ id, name }, login) => {
    // Loaded on demand: few deliveries need it.
    const { openOctokit, statusOf } = await import('./octokit.ts')
    try {
      const [auth] = await tokens.reading(name)
      if (auth === undefined) return false
      const octokit = openOctokit(apiUrl, { auth }, 0)
      const { data } = (await octokit.request('GET /repositories/{id}/collaborators/{login}/permission', {
        ...{ id, login },
        request: { retries: 1 },
      })) as Answer
      return data.permission === 'write' || data.permission === 'admin'
    } catch (error) {
      // Nobody has that name, or the App is not installed there.
      if (statusOf(error) === 404) return false
      throw new UserError(`GitHub could not be asked about ${login}: ${(error as Error).message}.`)
    }
  }
