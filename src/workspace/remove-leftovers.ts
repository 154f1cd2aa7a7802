import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Removes the unfinished packs that a failed fetch leaves in a repository. */
export async function removeLeftovers(gitDirectory: string): Promise<void> {
  const packs = join(gitDirectory, 'objects', 'pack')
  const names = await readdir(packs)
  for (const name of names.filter(each => each.startsWith('tmp_'))) await rm(join(packs, name))
}
