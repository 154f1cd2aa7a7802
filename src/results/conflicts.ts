import { lstatSync } from 'node:fs'
import { pathOf, toBytes } from '../cache/tree.ts'
import { UserError } from '../model/user-error.ts'
import { hashFile } from '../workspace/hash-file.ts'
import { type Contents, type Entry, show } from './contents.ts'

type Located = { from: Unpacked; entry: Entry }

/** An artifact, unpacked in its own directory. */
export type Unpacked = { label: string; root: string; paths: readonly string[]; contents: Contents }

/**
 * Compares the artifacts with each other. A path that several contain must be the same in all of them: a directory, or a
 * link or a file with the same content.
 * @throws UserError that names both artifacts
 */
export async function refuseConflicts(all: readonly Unpacked[], signal: AbortSignal): Promise<void> {
  const first = new Map<string, Located>()
  for (const from of all) {
    for (const entry of [...parentsOf(from), ...from.contents.entries]) {
      const other = first.get(entry.name)
      if (!other) first.set(entry.name, { from, entry })
      else if (!(await isSame(other, { from, entry }, signal)))
        throw new UserError(
          `${other.from.label} and ${from.label} both contain ${show(entry.name)}, but not the same. Let each job write to a path of its own, or leave one of them out of "needs".`,
        )
    }
  }
}

/** The directories that lead to the paths of an artifact, which are not part of it. */
function parentsOf({ root, paths }: Unpacked): Entry[] {
  const names = paths.flatMap(path => {
    const parts = toBytes(path).split('/')
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
  })
  return names.map(name => ({ name, stats: lstatSync(pathOf(root, name)), target: null }))
}

async function isSame(one: Located, other: Located, signal: AbortSignal): Promise<boolean> {
  const [stats, otherStats] = [one.entry.stats, other.entry.stats]
  if (stats.isDirectory() || otherStats.isDirectory()) return stats.isDirectory() && otherStats.isDirectory()
  if (one.entry.target !== null || other.entry.target !== null) return one.entry.target === other.entry.target
  if (stats.size !== otherStats.size) return false
  const hash = ({ from, entry }: Located) => hashFile(pathOf(from.root, entry.name), signal)
  return (await hash(one)).digest === (await hash(other)).digest
}
