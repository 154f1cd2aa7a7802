import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Git } from './git.ts'

const OBJECT = /^([0-9a-f]{40}(?:[0-9a-f]{24})?)\n$/
/** Characters that git rejects in a ref name or interprets as syntax (git-check-ref-format). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids exactly these
const INVALID_IN_REF = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{/

/** Whether git would accept this full name of a ref. */
export const isRefName = (ref: string) =>
  ref.startsWith('refs/') &&
  !INVALID_IN_REF.test(ref) &&
  !ref.split('/').some(part => part === '' || part.startsWith('.') || part.endsWith('.lock')) &&
  !ref.endsWith('.')

/** The object of exactly this ref, or null. `rev-parse` would also try other prefixes. */
export async function readRef(git: Git, repository: string, ref: string): Promise<string | null> {
  if (!isRefName(ref)) return null
  const loose = readLooseRef(join(repository, ref))
  if (loose) return loose
  return git.text(repository, ['show-ref', '--verify', '--hash', '--', ref]).then(
    output => output.trim(),
    () => null,
  )
}

/**
 * The object in a ref's own file, which precedes every other place, or null. Reading it takes a hundredth of a process's time.
 * https://git-scm.com/docs/gitrepository-layout
 */
function readLooseRef(file: string): string | null {
  try {
    return OBJECT.exec(readFileSync(file, 'latin1'))?.[1] ?? null
  } catch {
    return null
  }
}
