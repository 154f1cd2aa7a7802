import { UserError } from '../model/user-error.ts'
import type { FetchFailure } from './fetch-failure.ts'

/** The commit that was fetched, its repository, and whether there was a token. */
export type FetchSubject = { commit: string; remote: string; isPrivate: boolean; hasToken: boolean }

/** The error for people after the last attempt: what happened, where, and what to do next. */
export function fetchError(failure: FetchFailure, attempts: number, subject: FetchSubject): UserError {
  const { commit, remote } = subject
  const after = attempts === 1 ? '' : ` (after ${attempts} attempts)`
  const { cause, advice } = failure.kind === 'refused' ? describeRefusal(failure, subject) : failure
  return new UserError(
    `Fetching ${commit.slice(0, 7)} from ${remote} failed: ${cause}${after}.${advice ? ` ${advice}` : ''}`,
  )
}

function describeRefusal({ status, cause }: FetchFailure, { isPrivate, hasToken }: FetchSubject) {
  if (!isPrivate)
    return {
      cause,
      advice:
        'The repository was deleted, renamed or made private, or GitHub limits fetches from this address. Check that it exists, and rebuild it later (`lambci rebuild`).',
    }
  return { cause, advice: hasToken ? REFUSED_TOKEN[status ?? 0] : NO_TOKEN }
}

const NO_TOKEN =
  'Check that the repository exists and, if it is private, that the token for clones may read it.'

const REFUSED_TOKEN: Record<number, string> = {
  401: 'Check the token for clones: it is not valid, or no longer. Tokens of an App live for an hour: rebuild (`lambci rebuild`).',
  403: 'Check that the token for clones may read this repository: its permissions, its expiry, and what the organization requires of tokens.',
  404: 'The repository was deleted or renamed, or the token for clones may not read it: check both, and that the App is installed on it.',
}
