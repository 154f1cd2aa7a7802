import type { Compare } from '../model/newer.ts'
import { z } from '../model/zod.ts'
import { namesOf, openOctokit, statusOf } from './octokit.ts'
import type { GitHubTokens } from './tokens.ts'

export type CommitState = 'pending' | 'success' | 'failure' | 'error'

export type CommitStatus = {
  /** `owner/repo` that shows the status; the base for a pull request from a fork. */
  repository: string
  commit: string
  state: CommitState
  context: string
  description: string
  targetUrl: string
}

export type DeploymentState = 'in_progress' | 'success' | 'failure'

export type Deployment = { repository: string; commit: string; environment: string; build: number }

export type DeploymentStatus = {
  repository: string
  id: number
  state: DeploymentState
  environment: string
  environmentUrl: string | null
  logUrl: string
  description: string
}

export type GitHub = {
  compare: Compare
  /** How many commits `head` has that `base` lacks. Null and errors as in `compare`. */
  countCommits(repository: string, base: string, head: string): Promise<number | null>
  setStatus(status: CommitStatus): Promise<void>
  /** Returns the id of a build's deployment to an environment, which is created unless GitHub already has it. */
  findOrCreateDeployment(deployment: Deployment): Promise<number>
  setDeploymentStatus(status: DeploymentStatus): Promise<void>
}

/** Marks a deployment as belonging to a build, to find it again if its id was not recorded. */
const payloadSchema = z.object({ lambciBuild: z.int() })

/** A client of GitHub's REST API, with a token for each repository and purpose. */
export const openGitHub = (
  apiUrl: string,
  tokens: Pick<GitHubTokens, 'comparing' | 'writing' | 'deploying'>,
): GitHub => ({
  compare: async (...range) => (await comparison(apiUrl, tokens, range))?.status ?? null,
  countCommits: async (...range) => (await comparison(apiUrl, tokens, range))?.ahead_by ?? null,
  setStatus: async ({ repository, commit, state, context, description, targetUrl }) => {
    // Under a rate limit "running" is dropped: the conclusion will replace it soon.
    const maxWaitSeconds = state === 'pending' ? 0 : undefined
    const octokit = openOctokit(apiUrl, { auth: await tokens.writing(repository) }, maxWaitSeconds)
    await octokit.rest.repos.createCommitStatus({
      ...namesOf(repository),
      sha: commit,
      state,
      context,
      description,
      target_url: targetUrl,
    })
  },
  findOrCreateDeployment: async ({ repository, commit, environment, build }) => {
    const octokit = openOctokit(apiUrl, { auth: await tokens.deploying(repository) })
    const wanted = { ...namesOf(repository), environment }
    const query = { ...wanted, sha: commit, per_page: 100 }
    const { data: existing } = await octokit.rest.repos.listDeployments(query)
    const own = existing.find(({ payload }) => payloadSchema.safeParse(payload).data?.lambciBuild === build)
    if (own) return own.id
    const { data } = await octokit.rest.repos.createDeployment({
      ...wanted,
      ref: commit,
      payload: { lambciBuild: build },
      // We never merge, and our own pending status must not block the deployment.
      auto_merge: false,
      required_contexts: [],
    })
    if (!('id' in data)) throw new Error(`GitHub did not create the deployment: ${data.message}`)
    return data.id
  },
  setDeploymentStatus: async status => {
    const octokit = openOctokit(apiUrl, { auth: await tokens.deploying(status.repository) })
    await octokit.rest.repos.createDeploymentStatus({
      ...namesOf(status.repository),
      deployment_id: status.id,
      state: status.state,
      environment: status.environment,
      ...(status.environmentUrl !== null && { environment_url: status.environmentUrl }),
      log_url: status.logUrl,
      description: status.description,
      auto_inactive: true,
    })
  },
})

/** GitHub's comparison of two commits or branches; null if one of them is unknown. */
async function comparison(
  apiUrl: string,
  tokens: Pick<GitHubTokens, 'comparing'>,
  [repository, base, head]: Parameters<Compare>,
) {
  const octokit = openOctokit(apiUrl, { auth: await tokens.comparing(repository) }, 0)
  try {
    const { data } = await octokit.rest.repos.compareCommitsWithBasehead({
      ...namesOf(repository),
      basehead: `${base}...${head}`,
      per_page: 1,
    })
    return data
  } catch (error) {
    // https://docs.github.com/rest/commits/commits#compare-two-commits
    if (statusOf(error) === 404) return null
    throw error
  }
}

/** A failed request to GitHub in one line of at most 300 characters, for the report. */
export function describeGitHubError(error: unknown): string {
  const { status, message } = error as { status?: number; message?: string }
  const text = (message ?? String(error)).split('\n')[0] ?? ''
  return (status ? `GitHub answered ${status}: ${text}` : `GitHub could not be reached: ${text}`).slice(
    0,
    300,
  )
}

/** Whether GitHub rejects the contents of a request. */
export const isInvalid = (error: unknown) => statusOf(error) === 422

/** Whether a retry is pointless: the commit or repository is gone, or GitHub rejects the contents of the request. */
export const isPermanentError = (error: unknown) => [404, 410, 422].includes(statusOf(error) ?? 0)
