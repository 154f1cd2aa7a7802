import { showHead } from './fold-head.ts'
import type { Folds } from './folds.ts'
import { createLine, markLine, showTime } from './line-element.ts'
import type { Lines } from './line-link.ts'
import type { LineTimes } from './line-times.ts'
import type { Line, LogSource } from './log-source.ts'
import { PLAIN, type TextStyle } from './text-style.ts'

/** A drawn line, and the text style before and after it: colours may continue on the next line. */
export type Row = {
  line: Line
  element: HTMLElement
  isHead: boolean
  style: TextStyle
  styleAfter: TextStyle
}

/** The data of rows beside the text of their lines. */
export type RowContext = { folds: Folds; times: LineTimes; startedAt: number | null; marked: Lines | null }

/** At most `count` rows of the log, from one on. */
export async function createRows(
  source: LogSource,
  from: number,
  count: number,
  { before, context }: { before: Row | undefined; context: RowContext },
): Promise<Row[]> {
  const { folds } = context
  const last = Math.min(from + count - 1, folds.rowCount(source.lineCount))
  const rows: Row[] = []
  for (let row = from; row <= last; ) {
    const line = folds.rows.lineOf(row)
    const run = Math.min(last - row + 1, folds.rows.lastVisibleFrom(line) - line + 1)
    const lines = await source.lines(line, run)
    for (const each of lines) rows.push(createRow(each, rows.at(-1) ?? before, context))
    if (lines.length < run) break
    row += run
  }
  return rows
}

export function createRow(line: Line, before: Row | undefined, context: RowContext): Row {
  const style = before?.line.number === line.number - 1 ? before.styleAfter : PLAIN
  const isHead = context.folds.at(line.number) !== null
  const { element, style: styleAfter } = createLine(line, style, isHead)
  const row = { line, element, isHead, style, styleAfter }
  updateRow(row, context)
  return row
}

/** Shows the row's fold, its time, and whether a link points to it. */
export function updateRow({ line, element }: Row, { folds, times, startedAt, marked }: RowContext): void {
  const fold = folds.at(line.number)
  if (fold) showHead(element, fold, folds.isOpen(fold))
  showTime(element, times.of(line.number), startedAt)
  markLine(element, marked)
}

/** Whether a line begins a fold but did not when it was drawn, or the reverse. */
export const isOutdated = (row: Row, { folds }: RowContext): boolean =>
  row.isHead !== (folds.at(row.line.number) !== null)
