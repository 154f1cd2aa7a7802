import { namesOf, openOctokit } from './octokit.ts'

export type CommitState = 'pending' | 'success' | 'failure' | 'error'

export type CommitStatus = {
  /** `owner/repo` that shows the status; of a fork's pull request, the base. */
  repository: string
  commit: string
  state: CommitState
  context: string
  description: string
  targetUrl: string
}

export type GitHub = { setStatus(status: CommitStatus): Promise<void> }

/** Speaks to GitHub's REST API, with a token for each repository. */
export const openGitHub = (apiUrl: string, tokenFor: (repository: string) => Promise<string>): GitHub => ({
  setStatus: async ({ repository, commit, state, context, description, targetUrl }) => {
    const octokit = openOctokit(apiUrl, { auth: await tokenFor(repository) })
    await octokit.rest.repos.createCommitStatus({
      ...namesOf(repository),
      sha: commit,
      state,
      context,
      description,
      target_url: targetUrl,
    })
  },
})

/** GitHub's answer to a refused request in one line, for the report. */
export function reasonOfRefusal(error: unknown): string {
  const { status, message } = error as { status?: number; message?: string }
  const text = (message ?? String(error)).split('\n')[0] ?? ''
  return (status ? `GitHub answered ${status}: ${text}` : `GitHub could not be reached: ${text}`).slice(
    0,
    300,
  )
}

/** Whether asking again is in vain: the commit or repository is gone, or what was said is not acceptable. */
export const isFinalRefusal = (error: unknown) =>
  [404, 410, 422].includes((error as { status?: number }).status ?? 0)
