import type { Config } from '../config/config.ts'
import { matcherOf } from '../config/glob.ts'

/**
 * Why a push is not built, or a job not run, because of `paths`, in a sentence. Null if it is, because a relevant file has changed, or
 * the changed files are not known.
 */
export function explainIrrelevantChange(
  paths: Config['paths'],
  changedFiles: readonly string[] | null,
  name = '"paths"',
): string | null {
  if (!paths || !changedFiles || changedFiles.length === 0) return null
  const isIncluded = paths.include ? matcherOf(paths.include) : () => true
  const isExcluded = matcherOf(paths.exclude)
  if (changedFiles.some(path => isIncluded(path) && !isExcluded(path))) return null
  const count = changedFiles.length
  return count === 1
    ? `The only changed file is not covered by ${name}.`
    : `None of the ${count} changed files is covered by ${name}.`
}
