import { copyFile, lstat, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GitError } from 'simple-git'
import { isFullRef } from '../model/ref-name.ts'
import { UserError } from '../model/user-error.ts'
import { createRepository } from './create-repository.ts'
import { type FetchSource, fetchMissing, hasCommit } from './fetch.ts'
import type { Mirror, Mirrors } from './mirrors.ts'
import { type GitOptions, parseRemote, withGit } from './run-git.ts'

export type FetchOptions = FetchSource & {
  /** Mirrors that are kept between builds. Null to fetch everything. */
  mirrors?: Mirrors | null | undefined
}

const SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/

/**
 * Fetches a commit into a new repository and checks it out, detached. The token is stored nowhere. Objects in a
 * mirror are not fetched again, but used from there without a copy.
 * @throws UserError if git fails or an option is invalid
 */
export async function fetchCommit(options: FetchOptions): Promise<void> {
  const remote = requireValid(options)
  const fetching = options.mirrors ? fetchToMirror(options, options.mirrors) : null
  fetching?.catch(() => {})
  createRepository(gitDirectoryOf(options), remote)
  const mirror = await fetching
  if (!mirror) await fetchObject(options)
  await withGit(options, async git => {
    if (mirror) await useObjectsOf(mirror, options.directory)
    const keeping = mirror && options.mirrors?.keep(options.remote, mirror)
    keeping?.catch(() => {})
    await git.raw('checkout', '--force', '--detach', options.commit)
    await keeping
    // The id of an annotated tag would check out the commit that it points to.
    const head = await readFile(join(options.directory, '.git', 'HEAD'), 'utf8')
    if (head.trim() !== options.commit) throw new GitError(undefined, `${options.commit} is not a commit`)
  })
}

/** Fetches a commit without checking it out. Creates the repository if necessary. */
export async function fetchObject(options: FetchOptions): Promise<void> {
  const remote = requireValid(options)
  await withGit(options, async git => {
    const isNew = !(await lstat(gitDirectoryOf(options)).catch(() => null))
    if (isNew) createRepository(gitDirectoryOf(options), remote)
    if (isNew || !(await hasCommit(git, options.commit)))
      await fetchMissing(git, options, gitDirectoryOf(options))
  })
}

/** Returns a mirror that contains the commit. */
async function fetchToMirror(options: FetchOptions, mirrors: Mirrors): Promise<Mirror> {
  requireValid(options)
  const { commit, depth } = options
  const mirror = await mirrors.open(options.remote, options.isPrivate ?? true)
  if ((mirror.depths.get(commit) ?? 0) >= depth) {
    options.onFetch?.()
    return mirror
  }
  if (mirror.files.size === 0) createRepository(mirror.directory, null)
  await withGit({ ...options, directory: mirror.directory }, git =>
    fetchMissing(git, options, mirror.directory, `:refs/kept/${commit}`),
  )
  // A shallow fetch may have cut off the history of other commits: their depths are no longer known.
  mirror.depths.clear()
  mirror.depths.set(commit, depth)
  return mirror
}

/** Uses the mirror's objects as alternates: https://git-scm.com/docs/gitrepository-layout */
async function useObjectsOf({ directory }: Mirror, repository: string): Promise<void> {
  const inside = (path: string) => join(repository, '.git', path)
  await mkdir(inside('objects/info'), { recursive: true })
  await writeFile(inside('objects/info/alternates'), `${join(directory, 'objects')}\n`)
  await copyFile(join(directory, 'shallow'), inside('shallow')).catch(error => {
    // A complete history has no `shallow` file.
    if (error.code !== 'ENOENT') throw error
  })
}

export const gitDirectoryOf = ({ directory }: GitOptions) => join(directory, '.git')

/** @throws UserError if an option is invalid */
export function requireValid(options: FetchOptions): URL {
  if (!SHA.test(options.commit)) throw new UserError(notACommitId(options.commit))
  const refs = options.refs.filter(ref => !isFullRef(ref))
  if (refs.length > 0)
    throw new UserError(`${JSON.stringify(refs[0])} is not a full ref name such as refs/heads/main.`)
  return parseRemote(options.remote)
}

const notACommitId = (commit: string) =>
  `"${commit}" is not a commit id: expected 40 or 64 hexadecimal digits.`
