import { NO_FILES } from '../config/files.ts'
import { type Resolved, resolveConfig } from '../config/resolve.ts'
import { type Build, repositoryOf } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import { readChangedFiles } from './changed-files.ts'
import { readConfigFiles, readConfigFilesAt } from './config-files.ts'
import { type Fetch, fetchCommit, fetchObject } from './git.ts'
import type { GitAccess } from './git-environment.ts'
import type { Mirrors } from './mirrors.ts'

/** Where a commit comes from, and the empty directory that it goes into. */
export type Source = {
  githubUrl: string
  directory: string
  /** For clones of a private repository; null for none. */
  token: string | null
  access: GitAccess
  mirrors?: Mirrors | null
  /** By then git has to be done; ms since 1970. */
  deadline: number
  /** Stops git. */
  signal?: AbortSignal
}

/**
 * Fetches a job's commit and resolves what its configuration comes to. Of a fork's, the files at the base commit are
 * fetched too. Throws a `Problem` where git or a file is at fault.
 */
export async function resolveCommit(build: Build, source: Source): Promise<Resolved> {
  const { githubUrl, directory, token, access, deadline, signal, mirrors } = source
  const settings = { build, account: build.settings, base: NO_FILES }
  const unread = resolveConfig({ ...settings, head: NO_FILES })
  const isClosed = build.isPrivate && token === null
  // What the account does not build anyway needs no token to say so.
  if (isClosed && !unread.config.build) return unread
  if (isClosed) throw new UserError(describeMissingToken(build))
  const fetch: Fetch = {
    ...access,
    directory,
    // The base repository has every commit of its pull requests, even when the fork is gone.
    remote: `${githubUrl}/${repositoryOf(build.project)}.git`,
    commit: build.commit,
    refs: [
      build.pullRequest === null
        ? `refs/heads/${build.checkoutBranch}`
        : `refs/pull/${build.pullRequest}/head`,
    ],
    depth: unread.config.git.depth,
    token: token ?? undefined,
    deadline,
    signal,
    mirrors,
    isPrivate: build.isPrivate,
  }
  await fetchCommit(fetch)
  const head = await readConfigFiles(directory)
  if (build.trust !== 'fork' || !build.baseCommit)
    return withChanges(resolveConfig({ ...settings, head }), build, source)
  await fetchObject({ ...fetch, commit: build.baseCommit, refs: [`refs/heads/${build.branch}`], depth: 1 })
  const base = await readConfigFilesAt(directory, build.baseCommit, access)
  return resolveConfig({ ...settings, base, head })
}

/** Decided from what has been fetched: where that does not reach back to the commit before the push, all may have changed. */
async function withChanges(
  resolved: Resolved,
  build: Build,
  { directory, access }: Source,
): Promise<Resolved> {
  if (build.event !== 'push' || resolved.config.paths === null || build.baseCommit === null) return resolved
  const changedFiles = await readChangedFiles(directory, [build.baseCommit, build.commit], access)
  return { ...resolved, changedFiles }
}

const describeMissingToken = (build: Build) =>
  build.trust === 'fork'
    ? `${repositoryOf(build.project)} is private, and builds of forks and of Dependabot hold no token for clones: it cannot be fetched.`
    : `${repositoryOf(build.project)} is private, and there is no token for clones: add a read-only "cloneToken" to the account's secrets.`
