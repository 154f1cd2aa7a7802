import { retry } from '@octokit/plugin-retry'
import { throttling } from '@octokit/plugin-throttling'
import { Octokit } from '@octokit/rest'

const PatientOctokit = Octokit.plugin(retry, throttling)

/** Longer than this is not waited for: Lambda's own retry comes back later. */
const LONGEST_WAIT_SECONDS = 60

type Sign = { auth: string } | { authStrategy: unknown; auth: object }

/** GitHub's REST API, with retries on faults and patience with its rate limits. */
export const openOctokit = (apiUrl: string, sign: Sign): Octokit =>
  new PatientOctokit({
    ...sign,
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

/** `owner/repo` as Octokit takes it. */
export function namesOf(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/')
  return { owner, repo }
}

export const statusOf = (error: unknown) => (error as { status?: number }).status
