import { GitError, type SimpleGit, simpleGit } from 'simple-git'
import { UserError } from '../model/user-error.ts'
import { type GitAccess, gitEnvironment, maskToken } from './git-environment.ts'
import { gitError } from './git-error.ts'

export type GitOptions = GitAccess & {
  directory: string
  /** http or https. */
  remote: string
  commit: string
  token?: string | undefined
  signal?: AbortSignal | undefined
  /** When git is stopped; ms since 1970. */
  deadline: number
}

/** @throws UserError if it is not an http or https URL without credentials */
export function parseRemote(remote: string): URL {
  const url = URL.canParse(remote) ? new URL(remote) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new UserError('The address of a repository must be an http or https address without a password.')
  return url
}

/**
 * Runs git commands until the deadline.
 * @throws UserError if git fails or is stopped
 */
export async function withGit<T>(options: GitOptions, work: (git: SimpleGit) => Promise<T>): Promise<T> {
  const { directory, token, signal, deadline } = options
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), Math.max(0, deadline - Date.now()))
  const remote = parseRemote(options.remote)
  const what = `Fetching ${options.commit.slice(0, 7)} from ${remote.href}`
  try {
    const either = signal ? AbortSignal.any([signal, late.signal]) : late.signal
    return await work(openGit(directory, gitEnvironment(options, remote, token), either))
  } catch (error) {
    if (signal?.aborted) throw new UserError(`${what} was stopped.`)
    if (!(error instanceof GitError)) throw error
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
    // Only gitEnvironment sets these, and only to turn features off.
    unsafe: {
      allowUnsafeConfigEnvCount: true,
      allowUnsafeHooksPath: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeCredentialHelper: true,
      allowUnsafeProtocolOverride: true,
      allowUnsafeTemplateDir: true,
    },
    // By default an exit code without output, and death by a signal, would count as success.
    errors: (error, { exitCode, stdErr }) =>
      error ?? (exitCode === 0 ? undefined : Buffer.concat([...stdErr, Buffer.from('\n')])),
  }).env(env)
}
