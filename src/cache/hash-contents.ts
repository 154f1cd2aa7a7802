import { createHash } from 'node:crypto'
import { hashFile } from '../workspace/hash-file.ts'
import { pathOf, type Tree } from './tree.ts'

/** The hash of the contents of all files in a tree, in their order. */
export async function hashContents(root: string, { files }: Tree, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) hash.update((await hashFile(pathOf(root, file), signal)).digest)
  return hash.digest('hex')
}
