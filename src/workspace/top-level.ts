import { readdir } from 'node:fs/promises'
import { GitError, type SimpleGit } from 'simple-git'
import { UserError } from '../model/user-error.ts'
import { type GitAccess, gitEnvironment } from './git-environment.ts'
import { gitError } from './git-error.ts'
import { openGit } from './run-git.ts'
import { MAX_FILE_BYTES, notRegular, readWorkingFile, textOf, tooLarge } from './working-file.ts'

/** The top level of a working copy or of a commit. */
export type TopLevel = {
  entries: readonly { name: string; isDirectory: boolean }[]
  /**
   * Reads a file. Null if it does not exist.
   * @throws UnreadableFile if it is not a regular file, is too large, or is not UTF-8
   */
  read: (name: string) => Promise<string | null>
}

export async function openWorkingCopy(directory: string): Promise<TopLevel> {
  const entries = await readdir(directory, { withFileTypes: true })
  return {
    entries: entries.map(entry => ({ name: entry.name, isDirectory: entry.isDirectory() })),
    // On a file system that ignores case, opening would find a file of another name.
    read: async name =>
      entries.some(entry => entry.name === name) ? readWorkingFile(directory, name) : null,
  }
}

/**
 * The top level of a commit that has been fetched.
 * @throws UserError if git fails
 */
export async function openCommit(directory: string, commit: string, access: GitAccess): Promise<TopLevel> {
  if (!/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(commit))
    throw new UserError(`"${commit}" is not a commit id: expected 40 or 64 hexadecimal digits.`)
  const git = openGit(directory, gitEnvironment(access))
  const lines = await reading(commit, () => git.raw('ls-tree', '-z', '-l', commit))
  const entries = lines.split('\0').flatMap(line => {
    // <mode> <type> <id> <size>\t<name>
    const [, mode = '', id = '', size = '', name] = /^(\d+) \w+ (\w+) +(-|\d+)\t(.+)$/s.exec(line) ?? []
    return name === undefined ? [] : [{ name, mode, id, size: Number(size), isDirectory: mode === '040000' }]
  })
  return {
    entries,
    read: async name => {
      const entry = entries.find(each => each.name === name)
      return entry ? readBlob(git, commit, entry) : null
    },
  }
}

type Entry = { name: string; mode: string; id: string; size: number; isDirectory: boolean }

async function readBlob(git: SimpleGit, commit: string, { name, mode, id, size, isDirectory }: Entry) {
  if (!mode.startsWith('10'))
    throw notRegular(name, isDirectory ? 'a directory' : mode === '120000' ? 'a symbolic link' : undefined)
  if (size > MAX_FILE_BYTES) throw tooLarge(name)
  const bytes = await reading(commit, async (): Promise<Buffer> => git.binaryCatFile(['blob', id]), name)
  return textOf(name, bytes)
}

async function reading<T>(commit: string, read: () => Promise<T>, name = 'the files'): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw error instanceof GitError ? gitError(`Reading ${name} at ${commit}`, error.message) : error
  }
}
