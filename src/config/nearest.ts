import { distance } from 'fastest-levenshtein'
import { quote } from './key-path.ts'

const MAX_LENGTH = 40

/**
 * The word nearest to what was written, ignoring case. A third of its letters, but at least one, may differ. Swapped letters count as one
 * difference.
 */
export function nearest(written: string, words: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined
  return words
    .map(word => ({ word, changes: changesBetween(written.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, changes }) => changes <= Math.max(1, Math.floor(word.length / 3)))
    .toSorted((one, other) => one.changes - other.changes)[0]?.word
}

function changesBetween(one: string, other: string): number {
  const changes = distance(one, other)
  const isSwapped = changes === 2 && [...one].toSorted().join('') === [...other].toSorted().join('')
  return isSwapped ? 1 : changes
}

/** The nearest word as the end of a sentence: ` (did you mean "unit"?)`. Empty if none is near. */
export function suggestNearest(written: string, words: readonly string[]): string {
  const word = nearest(written, words)
  return word === undefined ? '' : ` (did you mean ${quote(word)}?)`
}
