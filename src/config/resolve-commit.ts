import { type Job, repositoryOf } from '../job/job.ts'
import { Problem } from '../problem.ts'
import { readChangedFiles } from '../workspace/changed-files.ts'
import { readConfigFiles, readConfigFilesAt } from '../workspace/config-files.ts'
import { type Fetch, fetchCommit, fetchObject } from '../workspace/git.ts'
import type { GitAccess } from '../workspace/git-environment.ts'
import type { Mirrors } from '../workspace/mirrors.ts'
import { NO_FILES } from './files.ts'
import { type Resolved, resolveConfig } from './resolve.ts'

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
export async function resolveCommit(job: Job, source: Source): Promise<Resolved> {
  const { githubUrl, directory, token, access, deadline, signal, mirrors } = source
  const settings = { job, account: job.settings, base: NO_FILES }
  const unread = resolveConfig({ ...settings, head: NO_FILES })
  const isClosed = job.isPrivate && token === null
  // What the account does not build anyway needs no token to say so.
  if (isClosed && !unread.config.build) return unread
  if (isClosed) throw new Problem(describeMissingToken(job))
  const fetch: Fetch = {
    ...access,
    directory,
    // The base repository has every commit of its pull requests, even when the fork is gone.
    remote: `${githubUrl}/${repositoryOf(job.project)}.git`,
    commit: job.commit,
    refs: [
      job.pullRequest === null ? `refs/heads/${job.checkoutBranch}` : `refs/pull/${job.pullRequest}/head`,
    ],
    depth: unread.config.git.depth,
    token: token ?? undefined,
    deadline,
    signal,
    mirrors,
    isPrivate: job.isPrivate,
  }
  await fetchCommit(fetch)
  const head = await readConfigFiles(directory)
  if (job.trust !== 'fork' || !job.baseCommit)
    return withChanges(resolveConfig({ ...settings, head }), job, source)
  await fetchObject({ ...fetch, commit: job.baseCommit, refs: [`refs/heads/${job.branch}`], depth: 1 })
  const base = await readConfigFilesAt(directory, job.baseCommit, access)
  return resolveConfig({ ...settings, base, head })
}

/** Decided from what has been fetched: where that does not reach back to the commit before the push, all may have changed. */
async function withChanges(resolved: Resolved, job: Job, { directory, access }: Source): Promise<Resolved> {
  if (job.event !== 'push' || resolved.config.paths === null || job.baseCommit === null) return resolved
  const changedFiles = await readChangedFiles(directory, [job.baseCommit, job.commit], access)
  return { ...resolved, changedFiles }
}

const describeMissingToken = (job: Job) =>
  job.trust === 'fork'
    ? `${repositoryOf(job.project)} is private, and builds of forks and of Dependabot hold no token for clones: it cannot be fetched.`
    : `${repositoryOf(job.project)} is private, and there is no token for clones: add a read-only "cloneToken" to the account's secrets.`
