import { appendFile, copyFile, lstat, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GitError, GitPluginError, type SimpleGit } from 'simple-git'
import { UserError } from '../model/user-error.ts'
import { type GitAccess, gitEnvironment } from './git-environment.ts'
import { gitError } from './git-error.ts'
import type { Mirror, Mirrors } from './mirrors.ts'
import { isFullRef } from './ref-name.ts'
import { type GitCommand, openGit, parseRemote, withGit } from './run-git.ts'
import { MAX_FILE_BYTES, notRegular, tooLarge } from './working-file.ts'

export type Fetch = GitCommand & {
  /** Full names of refs that may lead to the commit, should the server not give it by its id. */
  refs: string[]
  depth: number
  /** What is kept of repositories from build to build; null for nothing. */
  mirrors?: Mirrors | null | undefined
  /** Whether no other repository's commands may read it; so it is where nothing is said. */
  isPrivate?: boolean
}

const SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/
/** git's own word for "all of it": https://git-scm.com/docs/git-fetch#Documentation/git-fetch.txt---unshallow */
const ALL_DEPTH = 2_147_483_647

/**
 * Fetches a commit into a new repository and checks it out, detached. Nothing in it holds the token. What a mirror has
 * is not fetched again, and its objects are used where they lie.
 */
export async function fetchCommit(wanted: Fetch): Promise<void> {
  const remote = demandNames(wanted)
  const making = withGit(wanted, git => initialise(git, wanted.directory, remote))
  const fetching = wanted.mirrors ? fetchToMirror(wanted, wanted.mirrors) : null
  const [, mirror] = await Promise.all([making, fetching])
  if (!mirror) await fetchObject(wanted)
  await withGit(wanted, async git => {
    if (mirror) await borrowFrom(mirror, wanted.directory)
    const kept = mirror && wanted.mirrors?.keep(wanted.remote, mirror)
    kept?.catch(() => {})
    await git.raw('checkout', '--force', '--detach', wanted.commit)
    await kept
    // An annotated tag has an id as well, of which a commit would be checked out.
    const head = await readFile(join(wanted.directory, '.git', 'HEAD'), 'utf8')
    if (head.trim() !== wanted.commit) throw new GitError(undefined, `${wanted.commit} is no commit`)
  })
}

/** Brings a commit into the repository, made if there is none yet, without checking it out. */
export async function fetchObject(wanted: Fetch): Promise<void> {
  const remote = demandNames(wanted)
  await withGit(wanted, async git => {
    const isNew = await initialise(git, wanted.directory, remote)
    if (isNew || !(await hasCommit(git, wanted.commit))) await fetchMissing(git, wanted, remote)
  })
}

/** A mirror with the commit in it. */
async function fetchToMirror(wanted: Fetch, mirrors: Mirrors): Promise<Mirror> {
  const remote = demandNames(wanted)
  const { commit, depth } = wanted
  const mirror = await mirrors.open(wanted.remote, wanted.isPrivate ?? true)
  if ((mirror.depths.get(commit) ?? 0) >= depth) return mirror
  await mkdir(mirror.directory, { recursive: true, mode: 0o700 })
  await withGit({ ...wanted, directory: mirror.directory }, async git => {
    if (mirror.files.size === 0) await git.raw('init', '--bare', '--template=')
    await fetchMissing(git, wanted, remote, `:refs/kept/${commit}`)
  })
  // Where this history was cut off, others may be now: how deep they are has to be asked for again.
  mirror.depths.clear()
  mirror.depths.set(commit, depth)
  return mirror
}

/** https://git-scm.com/docs/gitrepository-layout */
async function borrowFrom({ directory }: Mirror, borrower: string): Promise<void> {
  const inside = (path: string) => join(borrower, '.git', path)
  await mkdir(inside('objects/info'), { recursive: true })
  await writeFile(inside('objects/info/alternates'), `${join(directory, 'objects')}\n`)
  await copyFile(join(directory, 'shallow'), inside('shallow')).catch(error => {
    // All of its history is there.
    if (error.code !== 'ENOENT') throw error
  })
}

function demandNames(wanted: Fetch): URL {
  if (!SHA.test(wanted.commit)) throw new UserError(`"${wanted.commit}" is no commit id.`)
  const refs = wanted.refs.filter(ref => !isFullRef(ref))
  if (refs.length > 0)
    throw new UserError(`${JSON.stringify(refs[0])} is no full name of a branch or other ref.`)
  return parseRemote(wanted.remote)
}

/** The text of a file at the top of a fetched commit; null when there is none, or a link in its place. */
export async function readFileAt(
  directory: string,
  commit: string,
  name: string,
  access: GitAccess,
): Promise<string | null> {
  if (!SHA.test(commit)) throw new UserError(`"${commit}" is no commit id.`)
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
    throw error instanceof GitError ? gitError(`Reading ${name} at ${commit}`, error.message) : error
  }
}

/** `into`: a ref by which later fetches say what is there already. */
async function fetchMissing(git: SimpleGit, { commit, refs, depth }: Fetch, remote: URL, into = '') {
  const fetch = (depth: number, what: string) =>
    git.raw(
      'fetch',
      '--progress',
      '--no-tags',
      '--no-recurse-submodules',
      `--depth=${depth}`,
      remote.href,
      `${what}${into}`,
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

/** Whether there was no repository yet. */
async function initialise(git: SimpleGit, directory: string, remote: URL): Promise<boolean> {
  const made = await lstat(join(directory, '.git')).catch(() => null)
  if (made) return false
  await git.raw('init', '--template=')
  // Of git's template nothing is needed, but that there are places for what others put there.
  for (const name of ['hooks', 'info']) await mkdir(join(directory, '.git', name), { recursive: true })
  const origin = `[remote "origin"]\n\turl = "${remote.href}"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`
  await appendFile(join(directory, '.git', 'config'), origin)
  return true
}
