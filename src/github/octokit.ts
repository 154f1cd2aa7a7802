import { retry } from '@octokit/plugin-retry'
import { throttling } from '@octokit/plugin-throttling'
import { Octokit } from '@octokit/rest'

const PatientOctokit = Octokit.plugin(retry, throttling)

/** Longer than this is not waited for: Lambda's own retry comes back later. */
const LONGEST_WAIT_SECONDS = 60

/** What the plugin does not ask again by itself. */
const NEVER_RETRIED = [400, 401, 403, 404, 410, 422, 451]

/** The longest that GitHub may take for one answer; what takes longer is asked again. */
const ANSWER_MS = 15_000
const fetchInTime: typeof fetch = (url, options) =>
  fetch(url, { ...options, signal: AbortSignal.timeout(ANSWER_MS) })

type Sign = { auth: string } | { authStrategy: unknown; auth: object }

/**
 * GitHub's REST API, with retries on faults and patience with its rate limits; what will be out of date soon is not
 * worth any (`longestWait` 0).
 */
export const openOctokit = (apiUrl: string, sign: Sign, longestWait = LONGEST_WAIT_SECONDS): Octokit =>
  new PatientOctokit({
    ...sign,
    baseUrl: apiUrl,
    userAgent: 'lambci-next',
    request: { fetch: fetchInTime },
    // Nobody reads these in a Lambda; what matters is thrown.
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    ...(longestWait === 0 && { retry: { doNotRetry: [...NEVER_RETRIED, 429] } }),
    throttle: {
      onRateLimit: (seconds, _options, _octokit, retries) => seconds <= longestWait && retries < 2,
      onSecondaryRateLimit: (seconds, _options, _octokit, retries) => seconds <= longestWait && retries < 2,
    },
  })

/** `owner/repo` as Octokit takes it. */
export function namesOf(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/')
  return { owner, repo }
}

export const statusOf = (error: unknown) => (error as { status?: number }).status
