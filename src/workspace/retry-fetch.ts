import { setTimeout as sleep } from 'node:timers/promises'
import { GitError, GitPluginError, type SimpleGit } from 'simple-git'
import { fetchError } from './fetch-error.ts'
import { type FetchFailure, fetchFailure } from './fetch-failure.ts'
import { gitEnvironment, maskToken } from './git-environment.ts'
import { removeLeftovers } from './remove-leftovers.ts'
import { type GitOptions, parseRemote } from './run-git.ts'

/** Pauses between attempts, in units of `retryMs`. */
const PAUSES = [2, 5, 10]

export type RetryOptions = GitOptions & {
  /** Whether other repositories' commands must not read it. Defaults to true. */
  isPrivate?: boolean
  /** The unit of the pauses between attempts, of which there are 2, 5 and 10; ms. Defaults to a second. */
  retryMs?: number | undefined
  /** Called with a sentence before each further attempt. */
  onRetry?: ((line: string) => void) | undefined
}

/** The server does not have the wanted commit yet. The message says so, without a full stop. */
export class NotYetThere extends Error {}

/**
 * Fetches, up to four times. A private repository that is refused is not tried again. A public one needs no token: if GitHub refuses it
 * with a token (which may have expired in the queue), it is fetched without a token.
 * @param gitDirectory the repository into which git fetches
 * @param fetch throws a GitError, whose text decides, or NotYetThere
 * @throws UserError after the last attempt
 */
export async function retryFetch<T>(
  git: SimpleGit,
  options: RetryOptions,
  gitDirectory: string,
  fetch: (isLast: boolean) => Promise<T>,
): Promise<T> {
  const { commit, remote, token, deadline, isPrivate = true, retryMs = 1000, onRetry } = options
  let hasToken = token !== undefined
  for (let attempt = 1; ; ) {
    const pauseMs = (PAUSES[attempt - 1] ?? Number.POSITIVE_INFINITY) * retryMs
    const hasTime = () => Date.now() + pauseMs < deadline
    const attempted = await fetch(!hasTime()).then(value => ({ value }), failureOf(token))
    if ('value' in attempted) return attempted.value
    const { failure } = attempted
    if (failure.kind === 'refused' && !isPrivate && hasToken) {
      onRetry?.(`${failure.cause}. Trying again without a token.`)
      git.env(gitEnvironment(options, parseRemote(remote)))
      hasToken = false
      continue
    }
    if (!hasTime() || !isWorthRetrying(failure, isPrivate))
      throw fetchError(failure, attempt, { commit, remote, isPrivate, hasToken })
    onRetry?.(`${failure.cause}. Trying again in ${pauseMs / 1000} s.`)
    await sleep(pauseMs, undefined, { signal: options.signal })
    await removeLeftovers(gitDirectory)
    attempt += 1
  }
}

/** GitHub also answers 401, 403 and 404 when it limits fetches without a token. */
const isWorthRetrying = ({ kind }: FetchFailure, isPrivate: boolean) =>
  kind === 'transient' || kind === 'missing' || (kind === 'refused' && !isPrivate)

/** @throws the error itself unless git failed by itself */
const failureOf =
  (token: string | undefined) =>
  (error: unknown): { failure: FetchFailure } => {
    if (error instanceof NotYetThere) return { failure: { kind: 'missing', cause: error.message } }
    if (!(error instanceof GitError) || error instanceof GitPluginError) throw error
    return { failure: fetchFailure(maskToken(error.message, token)) }
  }
