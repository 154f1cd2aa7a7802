import { randomUUID } from 'node:crypto'
import { retry } from '@octokit/plugin-retry'
import { throttling } from '@octokit/plugin-throttling'
import { Octokit } from '@octokit/rest'

const RetryingOctokit = Octokit.plugin(retry, throttling)

/** Longer waits are left to Lambda's own retry. */
const MAX_WAIT_SECONDS = 60

/** Statuses that the retry plugin does not retry by default. */
const NEVER_RETRIED = [400, 401, 403, 404, 410, 422, 451]

/** A slower response is aborted and retried. */
const RESPONSE_TIMEOUT_MS = 15_000
const fetchWithTimeout: typeof fetch = (url, options) =>
  fetch(url, { ...options, signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS) })

/** Throttling takes half of the time that a request takes. */
const WITHOUT_WAITING = {
  retry: { doNotRetry: [...NEVER_RETRIED, 429] },
  throttle: { enabled: false as const },
}

const waitingUpTo = (maxWaitSeconds: number) => {
  const isShort = (seconds: number, _options: unknown, _octokit: unknown, retries: number) =>
    seconds <= maxWaitSeconds && retries < 2
  // Without an id of its own, the plugin spaces the writes of all clients in this process a second apart.
  return { throttle: { id: randomUUID(), onRateLimit: isShort, onSecondaryRateLimit: isShort } }
}

type Auth = { auth: string } | { authStrategy: unknown; auth: object }

/**
 * A client of GitHub's REST API that retries failed requests and waits for rate limits, up to `maxWaitSeconds`. With 0, it does not wait,
 * for requests that are soon outdated.
 */
export const openOctokit = (apiUrl: string, auth: Auth, maxWaitSeconds = MAX_WAIT_SECONDS): Octokit =>
  new RetryingOctokit({
    ...auth,
    baseUrl: apiUrl,
    userAgent: 'lambci-next',
    request: { fetch: fetchWithTimeout },
    // Relevant errors are thrown, so nothing is logged.
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    ...(maxWaitSeconds === 0 ? WITHOUT_WAITING : waitingUpTo(maxWaitSeconds)),
  })

/** `owner/repo` as parameters of Octokit. */
export function namesOf(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/')
  return { owner, repo }
}

export const statusOf = (error: unknown) => (error as { status?: number }).status
