import type { Config } from '../config/config.ts'
import { matcherOf } from '../config/glob.ts'

/**
 * Why a push is not built, in a sentence; null where it is: something that matters has changed, or nobody knows what has.
 */
export function explainIrrelevantChange(
  paths: Config['paths'],
  changedFiles: readonly string[] | null,
): string | null {
  if (!paths || !changedFiles || changedFiles.length === 0) return null
  const isIncluded = paths.include ? matcherOf(paths.include) : () => true
  const isExcluded = matcherOf(paths.exclude)
  if (changedFiles.some(path => isIncluded(path) && !isExcluded(path))) return null
  const count = changedFiles.length
  const files =
    count === 1 ? 'The one changed file does not matter' : `None of the ${count} changed files matters`
  return `${files}: "paths" says so.`
}
