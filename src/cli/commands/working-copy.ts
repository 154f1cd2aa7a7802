import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { execa } from 'execa'
import { accountRules, mayDeploy } from '../../config/settings.ts'
import type { Build } from '../../model/build.ts'
import { projectNamed, repositorySchema } from '../../model/names.ts'
import { trustOf } from '../../model/trust.ts'
import { UserError } from '../../model/user-error.ts'

/** Options of a build that is planned but never started. */
export type HypotheticalBuild = { branch?: string; pr?: number; fork?: boolean }

const NO_COMMIT = '0'.repeat(40)

/**
 * The build that a push of this working copy, or a pull request from it, would start.
 * @throws UserError if it is not a directory, or git is missing
 */
export async function buildOfWorkingCopy(
  directory: string,
  { branch, pr, fork = false }: HypotheticalBuild,
): Promise<Build> {
  const git = (...args: string[]) =>
    execa('git', ['-C', directory, ...args], { reject: false, timeout: 10_000 })
  const status = await stat(directory).catch(() => null)
  if (!status?.isDirectory()) throw new UserError(`${directory} is not a directory. Name a working copy.`)
  const inside = await git('rev-parse', '--is-inside-work-tree')
  if (inside.code === 'ENOENT')
    throw new UserError('git is not installed or not on PATH. Install git and try again.')
  const [commit, current, remote] = await Promise.all([
    git('rev-parse', 'HEAD'),
    git('symbolic-ref', '--quiet', '--short', 'HEAD'),
    git('remote', 'get-url', 'origin'),
  ])
  const repository = repositoryOf(String(remote.stdout ?? ''), directory)
  const checkoutBranch = String(current.stdout ?? '') || 'HEAD'
  const request = {
    project: projectNamed(repository),
    repository,
    repositoryId: null,
    event: pr === undefined ? ('push' as const) : ('pull_request' as const),
    trigger: pr === undefined ? `push/${branch ?? checkoutBranch}` : `pr/${pr}`,
    branch: branch ?? (pr === undefined ? checkoutBranch : 'master'),
    defaultBranch: 'master',
    commit: /^[0-9a-f]{40,64}$/.test(String(commit.stdout)) ? String(commit.stdout) : NO_COMMIT,
    baseCommit: null,
    cloneRepository: repository,
    checkoutBranch: pr === undefined ? (branch ?? checkoutBranch) : checkoutBranch,
    pullRequest: pr ?? null,
    isFork: fork,
    isStranger: false,
    isPrivate: false,
    isDependabot: false,
    target: null,
    retryOf: null,
    rebuildOf: null,
    repeats: null,
    message: '',
    author: { name: 'you', login: null },
    committers: [],
  }
  const now = new Date().toISOString()
  return {
    ...request,
    number: 1,
    trust: trustOf(request, name => mayDeploy(accountRules([]), name)),
    approval: null,
    settings: {},
    nonce: 'local-working-copy',
    delivery: 'none',
    baseUrl: 'http://127.0.0.1',
    queuedAt: now,
    latestEnd: now,
  }
}

/** The owner of repositories that exist only on this machine. */
export const LOCAL_OWNER = 'local'

/** `owner/repo` of the remote `origin`; without one, `local/<name of the directory>`. */
function repositoryOf(remote: string, directory: string): string {
  const [, owner = '', repo = ''] = /([^/:]+)\/([^/]+?)(?:\.git)?\/?$/.exec(remote) ?? []
  const name = basename(resolve(directory)).replace(/[^A-Za-z0-9._-]/g, '-')
  const candidates = [`${owner}/${repo}`, `${LOCAL_OWNER}/${name}`]
  return candidates.find(each => repositorySchema.safeParse(each).success) ?? `${LOCAL_OWNER}/project`
}
