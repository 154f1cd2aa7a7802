import { retry } from '@octokit/plugin-retry'
import { throttling } from '@octokit/plugin-throttling'
import { Octokit } from '@octokit/rest'

const PatientOctokit = Octokit.plugin(retry, throttling)

/** Longer than this is not waited for within one report: Lambda's own retry comes back later. */
const LONGEST_WAIT_SECONDS = 60

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

/** Speaks to GitHub's REST API with retries on faults and patience with its rate limits. */
export function openGitHub(apiUrl: string, token: string): GitHub {
  const octokit = new PatientOctokit({
    auth: token,
    baseUrl: apiUrl,
    userAgent: 'lambci-next',
    // Nobody reads these in a Lambda; what matters is thrown.
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    throttle: {
      onRateLimit: (seconds, _options, _octokit, retries) => seconds <= LONGEST_WAIT_SECONDS && retries < 2,
      onSecondaryRateLimit: (seconds, _options, _octokit, retries) =>
        seconds <= LONGEST_WAIT_SECONDS && retries < 2,
    },
  })
  return {
    setStatus: async ({ repository, commit, state, context, description, targetUrl }) => {
      const [owner = '', repo = ''] = repository.split('/')
      await octokit.rest.repos.createCommitStatus({
        owner,
        repo,
        sha: commit,
        state,
        context,
        description,
        target_url: targetUrl,
      })
    },
  }
}

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
