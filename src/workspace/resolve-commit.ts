import { dependsOnFiles, dependsOnPaths } from '../config/config.ts'
import { type Files, NO_FILES } from '../config/files.ts'
import { type Resolved, resolveConfig, type TestMerge } from '../config/resolve.ts'
import type { Build } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import { readChangedFiles } from './changed-files.ts'
import { listCommitFiles } from './commit-files.ts'
import { readConfigFiles, readConfigFilesAt } from './config-files.ts'
import { fetchTags } from './fetch-tags.ts'
import { type FetchOptions, fetchCommit, fetchObject } from './git.ts'
import type { GitAccess } from './git-environment.ts'
import { describeMissingLfs } from './large-files.ts'
import type { Mirrors } from './mirrors.ts'
import { writeRemoteBranches } from './remote-branches.ts'

/** Where a commit is fetched from and to. */
export type CommitSource = {
  githubUrl: string
  /** An empty directory for the checkout. */
  directory: string
  /** For fetching from this repository. Null if there is none; a public repository needs none. */
  token: string | null
  access: GitAccess
  mirrors?: Mirrors | null
  /** When git is stopped; ms since 1970. */
  deadline: number
  /** Stops git. */
  signal?: AbortSignal
  /** Called when git begins to fetch. */
  onFetch?: () => void
  /** The unit of the pauses between attempts to fetch; ms. */
  retryMs?: number
  /** Called with a sentence before each further attempt. */
  onRetry?: (line: string) => void
}

/**
 * Fetches a build's commit and resolves its configuration. For a fork, the files at the base commit count, too. If that configuration
 * requests the pull request's merge, the merge is checked out, and its files count instead of the head's.
 * @throws UserError if git fails or a configuration file is invalid
 */
export async function resolveCommit(build: Build, source: CommitSource): Promise<Resolved> {
  const { githubUrl, directory, token, access, deadline, signal, mirrors, onFetch, retryMs, onRetry } = source
  const settings = { build, account: build.settings, base: NO_FILES }
  const withoutFiles = resolveConfig({ ...settings, head: null })
  const lacksToken = build.isPrivate && token === null
  // A build that the account's settings skip needs no token.
  if (lacksToken && !withoutFiles.config.build) return withoutFiles
  if (lacksToken) throw new UserError(describeMissingToken(build))
  const fetch: FetchOptions = {
    ...access,
    directory,
    // The base repository has every commit of its pull requests, even if the fork was deleted.
    remote: `${githubUrl}/${build.repository}.git`,
    commit: build.commit,
    refs: [
      build.pullRequest === null
        ? `refs/heads/${build.checkoutBranch}`
        : `refs/pull/${build.pullRequest}/head`,
    ],
    depth: withoutFiles.config.git.depth,
    token: token ?? undefined,
    deadline,
    signal,
    onFetch,
    retryMs,
    onRetry,
    mirrors,
    isPrivate: build.isPrivate,
    previousCommit: build.event === 'push' ? build.baseCommit : null,
  }
  await fetchCommit(fetch)
  const head = await readConfigFiles(directory)
  const base = await fetchBase(build, fetch)
  const ofHead = await addChangedFiles(resolveConfig({ ...settings, base, head }), build, source)
  const { config } = ofHead
  // Loaded on demand, because most builds start faster without it.
  const testMerge = config.build && config.testMerge ? await import('./test-merge.ts') : null
  const merge = testMerge && (await testMerge.checkOutMerge(build, fetch))
  writeRemoteBranches(directory, remoteBranchesOf(build, merge))
  const resolved =
    merge === null
      ? ofHead
      : {
          ...resolveConfig({ ...settings, base, head: await readConfigFiles(directory), isMerge: true }),
          merge,
        }
  if (!resolved.config.build) return resolved
  if (resolved.config.git.tags) await fetchTags(merge ? { ...fetch, commit: merge.commit } : fetch)
  const commitFiles = dependsOnFiles(resolved.config) ? await listCommitFiles(directory, access) : null
  const note = await describeMissingLfs(directory, access)
  return { ...resolved, commitFiles, ...(note !== null && { notes: [...resolved.notes, note] }) }
}

/** Fetches the base commit of a fork's pull request, and reads its files. Other builds need none. */
async function fetchBase(build: Build, fetch: FetchOptions): Promise<Files> {
  const { baseCommit, branch, trust } = build
  if (trust !== 'fork' || baseCommit === null) return NO_FILES
  const refs = [`refs/heads/${branch}`]
  await fetchObject({ ...fetch, commit: baseCommit, refs, depth: 1, previousCommit: null })
  return readConfigFilesAt(fetch.directory, baseCommit, fetch)
}

/** The branches of the repository whose commits have been fetched. A fork's branch is not one of them. */
function remoteBranchesOf(build: Build, merge: TestMerge | null): [string, string][] {
  const { trust, isFork, branch, checkoutBranch, commit } = build
  const base = merge?.base ?? (trust === 'fork' ? build.baseCommit : null)
  return [
    ...(isFork ? [] : [[checkoutBranch, commit] as [string, string]]),
    ...(base ? [[branch, base] as [string, string]] : []),
  ]
}

/** Adds the files that a push changed. Unknown if the fetched history does not contain the commit before the push. */
async function addChangedFiles(
  resolved: Resolved,
  build: Build,
  { directory, access }: CommitSource,
): Promise<Resolved> {
  const { event, trust } = build
  if (event !== 'push' || trust === 'fork' || build.baseCommit === null) return resolved
  if (!dependsOnPaths(resolved.config)) return resolved
  const changedFiles = await readChangedFiles(directory, [build.baseCommit, build.commit], access)
  return { ...resolved, changedFiles }
}

const describeMissingToken = (build: Build) =>
  build.trust === 'fork'
    ? `${build.repository} is private and cannot be fetched: builds of forks and of Dependabot get no token for clones.`
    : `${build.repository} is private and there is no token for clones. Add a read-only "cloneToken" to the account's secrets.`
