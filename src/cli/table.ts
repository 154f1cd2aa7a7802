import type { Style } from './io.ts'

/** A text without control characters, and the colour to print it in, if any. */
export type Cell = string | { text: string; color: 'red' | 'green' | 'yellow' }

const textOf = (cell: Cell) => (typeof cell === 'string' ? cell : cell.text)

/** A table with a line of headers. Columns are as wide as their widest text; those without any text are left out. */
export function tableOf(
  headers: readonly string[],
  rows: readonly (readonly Cell[])[],
  style: Style,
): string {
  const widths = headers.map((header, column) => {
    const widest = Math.max(0, ...rows.map(row => textOf(row[column] ?? '').length))
    return widest === 0 ? 0 : Math.max(header.length, widest)
  })
  const line = (cells: readonly Cell[]) => {
    const used = cells
      .map((cell, column) => ({ cell, width: widths[column] ?? 0 }))
      .filter(({ width }) => width > 0)
    const last = used.findLastIndex(({ cell }) => textOf(cell) !== '')
    return used
      .slice(0, last + 1)
      .map(({ cell, width }, index) => paint(cell, index === last ? 0 : width, style))
      .join('  ')
  }
  return [style('dim', line(headers)), ...rows.map(line)].join('\n')
}

/** Spaces after a text are not coloured. */
function paint(cell: Cell, width: number, style: Style): string {
  const text = textOf(cell)
  const painted = typeof cell === 'string' ? text : style(cell.color, text)
  return painted + ' '.repeat(Math.max(0, width - text.length))
}
