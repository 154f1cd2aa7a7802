import { pathOf } from '../cache/tree.ts'
import { UserError } from '../model/user-error.ts'
import { hashFile } from '../workspace/hash-file.ts'
import { type Contents, type Entry, show } from './contents.ts'

/** An artifact, unpacked in a directory of its own. */
export type Unpacked = { label: string; root: string; contents: Contents }

/**
 * Compares the artifacts with each other. A path that several contain must be the same in all of them: a directory, or a
 * link or a file with the same content.
 * @throws UserError that names both artifacts
 */
export async function refuseConflicts(all: readonly Unpacked[]): Promise<void> {
  const first = new Map<string, { from: Unpacked; entry: Entry }>()
  for (const from of all) {
    for (const entry of from.contents.entries) {
      const other = first.get(entry.name)
      if (!other) first.set(entry.name, { from, entry })
      else if (!(await isSame(other.from.root, other.entry, from.root, entry)))
        throw new UserError(
          `${other.from.label} and ${from.label} both contain ${show(entry.name)}, but not the same. Let each job write to a path of its own, or leave one of them out of "needs".`,
        )
    }
  }
}

async function isSame(root: string, entry: Entry, otherRoot: string, other: Entry): Promise<boolean> {
  const [one, two] = [entry.stats, other.stats]
  if (one.isDirectory() || two.isDirectory()) return one.isDirectory() && two.isDirectory()
  if (entry.target !== null || other.target !== null) return entry.target === other.target
  if (one.size !== two.size) return false
  const [hash, otherHash] = [
    await hashFile(pathOf(root, entry.name)),
    await hashFile(pathOf(otherRoot, other.name)),
  ]
  return hash.digest === otherHash.digest
}
