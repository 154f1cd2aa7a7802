import { NO_FILES } from '../config/files.ts'
import { type Resolved, resolveConfig } from '../config/resolve.ts'
import { type Build, repositoryOf } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import { readChangedFiles } from './changed-files.ts'
import { readConfigFiles, readConfigFilesAt } from './config-files.ts'
import { type FetchOptions, fetchCommit, fetchObject } from './git.ts'
import type { GitAccess } from './git-environment.ts'
import type { Mirrors } from './mirrors.ts'

/** Where a commit is fetched from and to. */
export type CommitSource = {
  githubUrl: string
  /** An empty directory for the checkout. */
  directory: string
  /** For cloning a private repository. Null if there is none. */
  token: string | null
  access: GitAccess
  mirrors?: Mirrors | null
  /** When git is stopped; ms since 1970. */
  deadline: number
  /** Stops git. */
  signal?: AbortSignal
  /** Called when git begins to fetch. */
  onFetch?: () => void
}

/**
 * Fetches a build's commit and resolves its configuration. For a fork, the files at the base commit count, too.
 * @throws UserError if git fails or a configuration file is invalid
 */
export async function resolveCommit(build: Build, source: CommitSource): Promise<Resolved> {
  const { githubUrl, directory, token, access, deadline, signal, mirrors, onFetch } = source
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
    remote: `${githubUrl}/${repositoryOf(build.project)}.git`,
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
    mirrors,
    isPrivate: build.isPrivate,
  }
  await fetchCommit(fetch)
  const head = await readConfigFiles(directory)
  if (build.trust !== 'fork' || !build.baseCommit)
    return addChangedFiles(resolveConfig({ ...settings, head }), build, source)
  await fetchObject({ ...fetch, commit: build.baseCommit, refs: [`refs/heads/${build.branch}`], depth: 1 })
  const base = await readConfigFilesAt(directory, build.baseCommit, access)
  return resolveConfig({ ...settings, base, head })
}

/** Adds the files that a push changed. Unknown if the fetched history does not contain the commit before the push. */
async function addChangedFiles(
  resolved: Resolved,
  build: Build,
  { directory, access }: CommitSource,
): Promise<Resolved> {
  if (build.event !== 'push' || resolved.config.paths === null || build.baseCommit === null) return resolved
  const changedFiles = await readChangedFiles(directory, [build.baseCommit, build.commit], access)
  return { ...resolved, changedFiles }
}

const describeMissingToken = (build: Build) =>
  build.trust === 'fork'
    ? `${repositoryOf(build.project)} is private and cannot be fetched: builds of forks and of Dependabot get no token for clones.`
    : `${repositoryOf(build.project)} is private and there is no token for clones. Add a read-only "cloneToken" to the account's secrets.`
