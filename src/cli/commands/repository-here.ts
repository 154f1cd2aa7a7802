import { execa } from 'execa'
import { projectOnRecord } from '../../account/find-project.ts'
import { repositorySchema } from '../../model/names.ts'
import { UserError } from '../../model/user-error.ts'
import { lastNumber } from '../../records/counter.ts'
import type { Io } from '../io.ts'
import type { FoundStack } from './found-stack.ts'

const GIT_TIMEOUT_MS = 10_000

/** A remote of a working copy. `host` has the port, if the address has one. */
export type Remote = { name: string; host: string; repository: string }

/** `https://host/owner/repo.git`, `ssh://git@host/owner/repo`, `git@host:owner/repo`. Names cannot contain the end of a URL. */
const ADDRESS =
  /^(?:(?:https?|ssh|git):\/\/(?:[^/@\s]*@)?([^/\s]+)\/|(?:[\w.-]+@)?([\w.-]+):(?!\/))([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/i

/** The remotes in the output of `git remote -v` that are `owner/repo` on some host. A directory is not a GitHub repository. */
export function remotesIn(output: string): Remote[] {
  return output.split('\n').flatMap(line => {
    const [, name = '', address = ''] = /^(\S+)\t(\S+) \(fetch\)/.exec(line) ?? []
    const [, ofUrl, ofSsh, path = ''] = ADDRESS.exec(address) ?? []
    const host = (ofUrl ?? ofSsh ?? '').toLowerCase()
    const { data: repository } = repositorySchema.safeParse(path)
    return host !== '' && repository !== undefined ? [{ name, host, repository }] : []
  })
}

/** The host of git and of the pages on GitHub, by the address of its API. */
export const gitHostOf = (apiUrl: string): string =>
  new URL(apiUrl).host.replace(/^api\.(?=github\.com$)/, '')

/**
 * The repositories that these remotes may mean, the likeliest first: those on the stack's own GitHub, or all of them if none is (an
 * alias in ~/.ssh/config hides the host). `preferred` is the remote of the branch.
 */
export function candidatesOf(remotes: readonly Remote[], host: string, preferred: string): string[] {
  const order = [preferred, 'origin', 'upstream']
  const rank = ({ name }: Remote) => (order.includes(name) ? order.indexOf(name) : order.length)
  const there = remotes.filter(remote => remote.host === host)
  const sorted = (there.length > 0 ? there : remotes).toSorted((one, other) => rank(one) - rank(other))
  return [...new Set(sorted.map(({ repository }) => repository))]
}

/**
 * The repository of the working copy in which the command was typed. If it has several remotes, the first one that the stack has built.
 * @throws UserError if it is not a working copy, or none of its remotes is a repository
 */
export async function repositoryHere({ store, githubApiUrl }: FoundStack, io: Io): Promise<string> {
  const [remotes, branch] = [await git(io, 'remote', '-v'), await git(io, 'branch', '--show-current')]
  const preferred = branch ? await git(io, 'config', '--get', `branch.${branch}.remote`) : null
  const host = gitHostOf(githubApiUrl)
  const candidates = candidatesOf(remotesIn(remotes ?? ''), host, preferred ?? '')
  for (const candidate of candidates)
    if ((await lastNumber(store, await projectOnRecord(store, candidate))) > 0) return candidate
  if (candidates[0]) return candidates[0]
  throw new UserError(
    remotes === null
      ? 'This directory is no working copy of git. Name the repository: owner/repo.'
      : `No remote of this working copy is a repository on ${host}. Name the repository: owner/repo.`,
  )
}

/** The commit that is checked out where the command was typed; null if there is none. */
export async function commitHere(io: Io): Promise<string | null> {
  const commit = await git(io, 'rev-parse', '--verify', '--quiet', 'HEAD')
  return commit !== null && /^[0-9a-f]{40,64}$/.test(commit) ? commit : null
}

/** The output of git; null if it fails. */
async function git({ cwd }: Io, ...args: string[]): Promise<string | null> {
  const options = { cwd: cwd(), reject: false, timeout: GIT_TIMEOUT_MS } as const
  const { failed, code, stdout } = await execa('git', args, options)
  if (code === 'ENOENT')
    throw new UserError(
      'git is not installed or not on PATH. Install git, or name the repository: owner/repo.',
    )
  return failed ? null : String(stdout).trimEnd()
}
