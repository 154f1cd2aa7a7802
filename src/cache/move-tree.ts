import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  type Stats,
  utimesSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** A path in bytes: a file's name need not be UTF-8. */
type Path = Buffer

/**
 * Returns the absolute path of a name below a directory, and creates its parent directories.
 * @throws if one of the parents is a link or a file
 */
export function placeIn(root: string, name: string): string {
  let parent = realpathSync(root)
  for (const part of dirname(name).split('/')) {
    parent = join(parent, part)
    const stats = lstatSync(parent, { throwIfNoEntry: false })
    if (!stats) mkdirSync(parent)
    else if (!stats.isDirectory()) throw new Error(`a link or a file leads to ${name}`)
  }
  return join(parent, basename(name))
}

/**
 * Moves a file or a directory to a path on the same disk. A directory is merged into an existing one; anything else that
 * exists is replaced. Links are moved, never followed, so nothing is changed outside of the path.
 * @throws if a directory would have to be replaced
 */
export const moveTree = (from: string, to: string): void => move(Buffer.from(from), Buffer.from(to))

function move(from: Path, to: Path): void {
  const stats = lstatSync(from)
  const there = lstatSync(to, { throwIfNoEntry: false })
  if (!there?.isDirectory()) {
    rename(from, to, stats)
    return
  }
  if (!stats.isDirectory()) throw new Error(`${to} is a directory`)
  // Files can be moved out of or into directories only with their owner's rights.
  open(from, stats)
  open(to, there)
  for (const name of readdirSync(from, { encoding: 'buffer' })) move(below(from, name), below(to, name))
  chmodSync(to, stats.mode)
  // To the microsecond: Node sets no finer times.
  utimesSync(to, stats.atimeMs / 1000, stats.mtimeMs / 1000)
}

const SLASH = Buffer.from('/')
const below = (directory: Path, name: Buffer): Path => Buffer.concat([directory, SLASH, name])

const OWNER_RIGHTS = 0o700

/** Gives the owner of a directory all rights to it. Returns whether any were missing. */
function open(directory: Path, { mode }: Stats): boolean {
  const isClosed = (mode & OWNER_RIGHTS) !== OWNER_RIGHTS
  if (isClosed) chmodSync(directory, mode | OWNER_RIGHTS)
  return isClosed
}

function rename(from: Path, to: Path, stats: Stats): void {
  // Moving a directory requires write permission on it, because its `..` changes.
  const wasClosed = stats.isDirectory() && open(from, stats)
  renameSync(from, to)
  if (wasClosed) chmodSync(to, stats.mode)
}
