import { visibleLines } from './visible-lines.ts'

const ELLIPSIS = ' … '

/**
 * The last visible lines of a text: as a terminal shows them, without blank lines at the end, and with one blank line instead of several.
 * Lines longer than `width` keep both ends.
 */
export function lastLines(text: string, count: number, width: number): string[] {
  const lines = visibleLines(text.replace(/(?:\r?\n){3,}/g, '\n\n\n')).map(line => line.trimEnd())
  const kept = lines.filter((line, index) => line !== '' || lines[index - 1])
  if (kept.at(-1) === '') kept.pop()
  return kept.slice(-count).map(line => shortened(line, width))
}

function shortened(line: string, width: number): string {
  if (line.length <= width) return line
  const half = Math.floor((width - ELLIPSIS.length) / 2)
  return `${line.slice(0, half)}${ELLIPSIS}${line.slice(-half)}`.toWellFormed()
}
