import { visibleLines } from './visible-lines.ts'

const ELLIPSIS = ' … '

/**
 * The last lines of a text that have something to read: as a terminal shows them, without blank lines at the end, and one
 * blank line in the place of several. Of a line that is longer than `width`, both ends are kept.
 */
export function lastLines(text: string, count: number, width: number): string[] {
  const lines = visibleLines(text).map(line => line.trimEnd())
  const told = lines.filter((line, index) => line !== '' || lines[index - 1])
  if (told.at(-1) === '') told.pop()
  return told.slice(-count).map(line => shortened(line, width))
}

function shortened(line: string, width: number): string {
  if (line.length <= width) return line
  const half = Math.floor((width - ELLIPSIS.length) / 2)
  return `${line.slice(0, half)}${ELLIPSIS}${line.slice(-half)}`.toWellFormed()
}
