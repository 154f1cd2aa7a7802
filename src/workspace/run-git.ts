import { GitError, type SimpleGit, simpleGit } from 'simple-git'
import { UserError } from '../model/user-error.ts'
import { type GitAccess, gitEnvironment, maskToken } from './git-environment.ts'
import { gitError } from './git-error.ts'

/** What git is run for: a directory, an address, and until when. */
export type GitCommand = GitAccess & {
  directory: string
  /** http or https. */
  remote: string
  commit: string
  token?: string | undefined
  signal?: AbortSignal | undefined
  /** When git is stopped, whatever it does; ms since 1970. */
  deadline: number
}

export function parseRemote(remote: string): URL {
  const url = URL.canParse(remote) ? new URL(remote) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new UserError('A repository is cloned from an http or https address without a password in it.')
  return url
}

/** Runs git commands within the time, and makes a Problem of what fails. */
export async function withGit<T>(wanted: GitCommand, work: (git: SimpleGit) => Promise<T>): Promise<T> {
  const { directory, token, signal, deadline } = wanted
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), Math.max(0, deadline - Date.now()))
  const remote = parseRemote(wanted.remote)
  const what = `Fetching ${wanted.commit.slice(0, 7)} from ${remote.href}`
  try {
    const either = signal ? AbortSignal.any([signal, late.signal]) : late.signal
    return await work(openGit(directory, gitEnvironment(wanted, remote, token), either))
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    if (signal?.aborted) throw new UserError(`${what} was stopped.`)
    if (late.signal.aborted)
      throw new UserError(
        `${what} took longer than the build has time. Try again, or fetch less (\`git.depth\`).`,
      )
    throw gitError(what, maskToken(error.message, token))
  } finally {
    clearTimeout(timer)
  }
}

export function openGit(baseDir: string, env: Record<string, string>, abort?: AbortSignal): SimpleGit {
  return simpleGit({
    baseDir,
    ...(abort && { abort }),
    allowEnvironment: Object.keys(env),
    // Set by gitEnvironment alone, all to switch things off.
    unsafe: {
      allowUnsafeConfigEnvCount: true,
      allowUnsafeHooksPath: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeCredentialHelper: true,
      allowUnsafeProtocolOverride: true,
      allowUnsafeTemplateDir: true,
    },
    // By default an exit code without a word, and death by a signal, would pass as success.
    errors: (error, { exitCode, stdErr }) =>
      error ?? (exitCode === 0 ? undefined : Buffer.concat([...stdErr, Buffer.from('\n')])),
  }).env(env)
}
