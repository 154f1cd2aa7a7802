import { appendFile, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { GitError, GitPluginError, type SimpleGit, simpleGit } from 'simple-git'
import { Problem } from '../problem.ts'
import { type GitAccess, gitEnvironment, maskToken } from './git-environment.ts'
import { gitProblem } from './git-problem.ts'
import { isFullRef } from './ref-name.ts'
import { MAX_FILE_BYTES, notRegular, tooLarge } from './working-file.ts'

export type Fetch = GitAccess & {
  directory: string
  /** http or https. */
  remote: string
  commit: string
  /** Full names of refs that may lead to the commit, should the server not give it by its id. */
  refs: string[]
  depth: number
  token?: string | undefined
  signal?: AbortSignal | undefined
  /** When git is stopped, whatever it does; ms since 1970. */
  deadline: number
}

const SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/
/** git's own word for "all of it": https://git-scm.com/docs/git-fetch#Documentation/git-fetch.txt---unshallow */
const ALL_DEPTH = 2_147_483_647

/** Fetches a commit into a new repository and checks it out, detached. Nothing in it holds the token. */
export async function fetchCommit(wanted: Fetch): Promise<void> {
  await fetchObject(wanted)
  await withGit(wanted, async git => {
    await git.raw('checkout', '--force', '--detach', wanted.commit)
    const head = await git.raw('rev-parse', '--verify', 'HEAD')
    if (head.trim() !== wanted.commit) throw new GitError(undefined, `${wanted.commit} is no commit`)
  })
}

/** Brings a commit into the repository, made if there is none yet, without checking it out. */
export async function fetchObject(wanted: Fetch): Promise<void> {
  if (!SHA.test(wanted.commit)) throw new Problem(`"${wanted.commit}" is no commit id.`)
  const refs = wanted.refs.filter(ref => !isFullRef(ref))
  if (refs.length > 0)
    throw new Problem(`${JSON.stringify(refs[0])} is no full name of a branch or other ref.`)
  const remote = parseRemote(wanted.remote)
  await withGit(wanted, async git => {
    await initialise(git, wanted.directory, remote)
    if (!(await hasCommit(git, wanted.commit))) await fetchMissing(git, wanted, remote)
  })
}

/** The text of a file at the top of a fetched commit; null when there is none, or a link in its place. */
export async function readFileAt(
  directory: string,
  commit: string,
  name: string,
  access: GitAccess,
): Promise<string | null> {
  if (!SHA.test(commit)) throw new Problem(`"${commit}" is no commit id.`)
  const git = openGit(directory, gitEnvironment(access))
  try {
    const files = (await git.raw('ls-tree', '-z', '-l', commit)).split('\0')
    const listed = files.find(line => line.endsWith(`\t${name}`))
    if (!listed) return null
    if (!listed.startsWith('10')) throw notRegular(name)
    const [, , blob = '', size] = listed.split(/\s+/)
    if (Number(size) > MAX_FILE_BYTES) throw tooLarge(name)
    return await git.raw('cat-file', 'blob', blob)
  } catch (error) {
    throw error instanceof GitError ? gitProblem(`Reading ${name} at ${commit}`, error.message) : error
  }
}

async function fetchMissing(git: SimpleGit, { commit, refs, depth }: Fetch, remote: URL) {
  const fetch = (depth: number, what: string) =>
    git.raw(
      'fetch',
      '--progress',
      '--no-tags',
      '--no-recurse-submodules',
      `--depth=${depth}`,
      remote.href,
      what,
    )
  try {
    await fetch(depth, commit)
    return
  } catch (error) {
    if (!/not our ref|unadvertised object|allow request/i.test(String(error)) || refs.length === 0)
      throw error
  }
  for (const ref of refs) {
    for (const reach of [depth, ALL_DEPTH]) {
      const found = await fetch(reach, `+${ref}`).then(
        () => true,
        error => !/find remote ref/i.test(String(error)) && Promise.reject(error),
      )
      if (!found) break
      if (await hasCommit(git, commit)) return
    }
  }
  throw new GitError(undefined, `fatal: ${commit} is not our ref, nor in the history of ${refs.join(', ')}`)
}

/** simple-git waits 50 ms after each command that says nothing: every one here says something. */
async function hasCommit(git: SimpleGit, commit: string): Promise<boolean> {
  return git.raw('cat-file', '-t', commit).then(
    type => type.trim() === 'commit',
    error =>
      error instanceof GitError && !(error instanceof GitPluginError) ? false : Promise.reject(error),
  )
}

async function initialise(git: SimpleGit, directory: string, remote: URL) {
  const made = await lstat(join(directory, '.git')).catch(() => null)
  if (made) return
  await git.raw('init')
  const origin = `[remote "origin"]\n\turl = "${remote.href}"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`
  await appendFile(join(directory, '.git', 'config'), origin)
}

function parseRemote(remote: string): URL {
  const url = URL.canParse(remote) ? new URL(remote) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new Problem('A repository is cloned from an http or https address without a password in it.')
  return url
}

/** Runs git commands within the time, and makes a Problem of what fails. */
async function withGit<T>(wanted: Fetch, work: (git: SimpleGit) => Promise<T>): Promise<T> {
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
    if (signal?.aborted) throw new Problem(`${what} was stopped.`)
    if (late.signal.aborted)
      throw new Problem(
        `${what} took longer than the build has time. Try again, or fetch less (\`git.depth\`).`,
      )
    throw gitProblem(what, maskToken(error.message, token))
  } finally {
    clearTimeout(timer)
  }
}

function openGit(baseDir: string, env: Record<string, string>, abort?: AbortSignal): SimpleGit {
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
    },
    // By default an exit code without a word, and death by a signal, would pass as success.
    errors: (error, { exitCode, stdErr }) =>
      error ?? (exitCode === 0 ? undefined : Buffer.concat([...stdErr, Buffer.from('\n')])),
  }).env(env)
}
