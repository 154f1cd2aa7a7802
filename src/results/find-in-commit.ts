import { type Dirent, readdirSync } from 'node:fs'
import { isAbsolute, join, normalize } from 'node:path'
import { pathInCommit } from './failure-record.ts'

/** The most files and directories that are searched. */
const MOST_ENTRIES = 20_000

/**
 * The path within the commit of a file as a tool names it: from the root, or else from a directory in which the command ran (`cd web`),
 * below the name of a Go package, or where a container has the repository. In these cases, it is the only file whose path ends like the
 * name; among several, the one with the longest common end. Null for files outside of the commit, for packages, and if it is not certain.
 */
export function findInCommit(written: string, workspace: string): string | null {
  const exact = pathInCommit(written, workspace)
  if (exact !== null) return exact
  const name = normalize(written.replace(/^file:\/\//, ''))
  const parts = name.split('/').filter(Boolean)
  if (parts.length > MOST_PARTS || parts.some(part => NOT_SEARCHED.has(part) || part.includes('\0')))
    return null
  // A bare name may be that of any file.
  const least = isAbsolute(name) ? 2 : 1
  const scored = filesNamed(parts.at(-1) ?? '', workspace).map(path => ({
    path,
    common: commonEnd(path, parts),
  }))
  const most = Math.max(...scored.map(({ common }) => common))
  const [best, ...others] = scored.filter(({ common }) => common === most)
  return best && others.length === 0 && most >= least ? pathInCommit(best.path, workspace) : null
}

const MOST_PARTS = 50
const NOT_SEARCHED: ReadonlySet<string> = new Set(['node_modules', '.git', '..'])

/** How many parts are the same, from the end. */
function commonEnd(path: string, parts: readonly string[]): number {
  const own = path.split('/').reverse()
  const other = parts.toReversed()
  const differs = own.findIndex((part, at) => part !== other[at])
  return differs < 0 ? own.length : differs
}

/** The regular files with this name, without those in packages and hidden directories. Empty if there is too much to search. */
function filesNamed(name: string, workspace: string): string[] {
  const found: string[] = []
  const directories = ['']
  let entries = 0
  for (const directory of directories) {
    for (const entry of entriesIn(join(workspace, directory))) {
      entries += 1
      if (entries > MOST_ENTRIES) return []
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`
      if (entry.isFile() && entry.name === name) found.push(path)
      else if (entry.isDirectory() && !entry.name.startsWith('.') && !NOT_SEARCHED.has(entry.name))
        directories.push(path)
    }
  }
  return found
}

function entriesIn(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    // Unreadable, or gone.
    return []
  }
}
