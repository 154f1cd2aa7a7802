import { GitError, GitPluginError, type SimpleGit } from 'simple-git'
import { UserError } from '../model/user-error.ts'
import { type RetryOptions, retryFetch } from './retry-fetch.ts'
import { parseRemote } from './run-git.ts'

export type FetchSource = RetryOptions & {
  /** Full names of refs whose history may contain the commit, in case the server does not serve it by id. */
  refs: string[]
  depth: number
  /** The commit to which the first ref pointed before. Null if that is not known. */
  previousCommit?: string | null
  /** Called when git has begun to fetch, or does not need to. */
  onFetch?: (() => void) | undefined
}

/** git's infinite depth: https://git-scm.com/docs/shallow#_description */
export const FULL_DEPTH = 2_147_483_647
export const FETCH = ['fetch', '--progress', '--no-tags', '--no-recurse-submodules']
/** The server serves a commit by its id only if a ref points to it. */
export const UNADVERTISED = /unadvertised object|allow request/i

/**
 * Fetches a commit by its id, or else through the refs. Tries again if the network or the server fails temporarily.
 * @param gitDirectory the repository into which git fetches
 * @param destination a refspec's destination, which tells later fetches what the repository already has
 * @throws UserError if it cannot be fetched
 */
export async function fetchMissing(
  git: SimpleGit,
  options: FetchSource,
  gitDirectory: string,
  destination = '',
): Promise<void> {
  const { commit, refs, depth, onFetch } = options
  const remote = parseRemote(options.remote)
  git.outputHandler(() => onFetch?.())
  const fetch = (depth: number, source: string) =>
    git.raw(...FETCH, `--depth=${depth}`, remote.href, `${source}${destination}`)
  await retryFetch(git, options, gitDirectory, async isLast => {
    const error = await fetch(depth, commit).then(() => null, asGitError)
    if (error === null) return
    const servesIds = !UNADVERTISED.test(error.message)
    if ((servesIds && !/not our ref/i.test(error.message)) || refs.length === 0) throw error
    // The server looked for the id and does not have it. The commit may arrive within seconds; the refs are fetched only at the end, to
    // explain the failure.
    if (servesIds && !isLast) throw error
    const depths = servesIds ? [depth] : [depth, FULL_DEPTH]
    const found = await fetchThroughRefs(git, options, depths, fetch)
    if (found === null) return
    throw isLast ? new UserError(await describeMissing(git, options, found)) : error
  })
}

type Fetch = (depth: number, source: string) => Promise<unknown>

type Ref = { name: string; head: string }

/** Fetches refs until their history contains the commit, and then returns null. Otherwise returns the refs that exist. */
async function fetchThroughRefs(
  git: SimpleGit,
  { commit, refs }: FetchSource,
  depths: readonly number[],
  fetch: Fetch,
): Promise<Ref[] | null> {
  const existing: Ref[] = []
  for (const name of refs) {
    for (const depth of depths) {
      const error = await fetch(depth, `+${name}`).then(() => null, asGitError)
      if (error && !/find remote ref/i.test(error.message)) throw error
      if (error) break
      if (await hasCommit(git, commit)) return null
      existing.push({ name, head: (await git.raw('rev-parse', 'FETCH_HEAD')).trim() })
    }
  }
  return existing
}

/** Why a commit that was requested from GitHub several times is missing, as far as that is known. */
async function describeMissing(git: SimpleGit, source: FetchSource, existing: Ref[]): Promise<string> {
  const { commit, refs, remote, previousCommit } = source
  const failed = `Fetching ${commit.slice(0, 7)} from ${remote} failed:`
  const ref = existing.at(-1)
  if (!ref)
    return `${failed} GitHub has neither the commit nor ${describeRef(refs[0] ?? '')}, which was probably deleted. Push again to build it.`
  const { name, head } = ref
  const where = `${describeRef(name)} is at ${head.slice(0, 7)}`
  // Until the commit arrives, the branch is at the previous one, or at an older one.
  const wasForced = previousCommit && previousCommit !== head && (await isAncestor(git, previousCommit, head))
  return wasForced
    ? `${failed} The commit is gone: ${where} after a forced push. The new commit has a build of its own.`
    : `${failed} GitHub does not have the commit, and ${where}. If the commit should be there, rebuild (\`lambci rebuild\`).`
}

const describeRef = (ref: string) =>
  ref
    .replace(/^refs\/heads\//, 'branch ')
    .replace(/^refs\/pull\/(\d+)\/head$/, (_, number) => `the head of pull request #${number}`)

export const isAncestor = (git: SimpleGit, ancestor: string, head: string): Promise<boolean> =>
  git.raw('merge-base', '--is-ancestor', ancestor, head).then(() => true, isNotAbort)

/** simple-git waits 50 ms after a command without output, so this uses one that prints something. */
export async function hasCommit(git: SimpleGit, commit: string): Promise<boolean> {
  return git.raw('cat-file', '-t', commit).then(type => type.trim() === 'commit', isNotAbort)
}

/** False if git failed by itself. Otherwise throws the error. */
function isNotAbort(error: unknown): false {
  asGitError(error)
  return false
}

/** The error if git failed by itself. Otherwise throws it. */
export function asGitError(error: unknown): GitError {
  if (error instanceof GitError && !(error instanceof GitPluginError)) return error
  throw error
}
