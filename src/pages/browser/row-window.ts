import type { LogSource } from './log-source.ts'
import { createRow, createRows, isOutdated, type Row, type RowContext, updateRow } from './row.ts'
import type { LineRange } from './row-map.ts'
import { firstOnScreen } from './scroll.ts'

/** At most this many rows are on the page. */
export const MAX_ROWS = 1400

/** The consecutive rows that are on the page. */
export class RowWindow {
  readonly element = document.createElement('div')
  readonly #source: LogSource
  readonly #context: RowContext
  #rows: readonly Row[] = []
  #first = 1

  constructor(source: LogSource, context: RowContext) {
    this.#source = source
    this.#context = context
  }

  get rows(): readonly Row[] {
    return this.#rows
  }

  /** The number of the first row. */
  get first(): number {
    return this.#first
  }

  /** The number of the row after the last one. */
  get next(): number {
    return this.#first + this.#rows.length
  }

  has(row: number): boolean {
    return row >= this.#first && row < this.next
  }

  elementOf(line: number): HTMLElement | null {
    return this.element.querySelector(`[data-line="${line}"]`)
  }

  /** The first and the last line that are at least partly on the screen. */
  get visible(): LineRange | null {
    const first = firstOnScreen(this.element.children)
    const index = this.#rows.findIndex(({ element }) => element === first)
    const after = this.#rows.findIndex(
      ({ element }, at) => at > index && element.getBoundingClientRect().top >= innerHeight,
    )
    const [from, to] = [this.#rows[index], this.#rows.at(after < 0 ? -1 : after - 1)]
    return from && to ? { from: from.line.number, to: to.line.number } : null
  }

  create(from: number, count: number, before?: Row): Promise<Row[]> {
    return createRows(this.#source, from, count, { before, context: this.#context })
  }

  /** Puts these rows on the page, without moving existing ones, which keeps focus and selection. */
  place(first: number, rows: readonly Row[]): void {
    const kept = new Set<Element>(rows.map(({ element }) => element))
    for (const { element } of this.#rows) if (!kept.has(element)) element.remove()
    let next = this.element.firstElementChild
    for (const { element } of rows) {
      if (element === next) next = next.nextElementSibling
      else this.element.insertBefore(element, next)
    }
    this.#first = first
    this.#rows = rows
  }

  /** Adds rows at one end, and removes surplus rows at the other. */
  extend(added: readonly Row[], isBefore: boolean): void {
    const rows = isBefore ? [...added, ...this.#rows] : [...this.#rows, ...added]
    const far = Math.max(0, rows.length - MAX_ROWS)
    if (isBefore) this.place(this.#first - added.length, rows.slice(0, MAX_ROWS))
    else this.place(this.#first + far, rows.slice(far))
  }

  /** The rows between the first and the last line on the page, after folds have changed. Drawn rows are kept. */
  async redraw(): Promise<{ first: number; rows: Row[] }> {
    const map = this.#context.folds.rows
    const drawn = new Map(this.#rows.map(row => [row.line.number, row]))
    const first = map.rowOf(this.#rows[0]?.line.number ?? 1)
    const last = Math.min(map.rowOf(this.#rows.at(-1)?.line.number ?? 1), first + MAX_ROWS - 1)
    const rows: Row[] = []
    for (let row = first; row <= last; ) {
      const standing = drawn.get(map.lineOf(row))
      let end = row + 1
      if (standing) rows.push(this.#refresh(standing, rows.at(-1)))
      else {
        while (end <= last && !drawn.has(map.lineOf(end))) end += 1
        const added = await this.create(row, end - row, rows.at(-1))
        rows.push(...added)
        if (added.length < end - row) break
      }
      row = end
    }
    return { first, rows }
  }

  /** Draws the last line again if it has grown. Returns whether it has. */
  async refreshLast(): Promise<boolean> {
    const last = this.#rows.at(-1)
    const [line] = last ? await this.#source.lines(last.line.number, 1) : []
    if (!last || !line || (line.bytes.length === last.line.bytes.length && line.more === last.line.more))
      return false
    const others = this.#rows.slice(0, -1)
    this.place(this.#first, [...others, createRow(line, others.at(-1), this.#context)])
    return true
  }

  #refresh(row: Row, before: Row | undefined): Row {
    if (isOutdated(row, this.#context)) return createRow(row.line, before, this.#context)
    updateRow(row, this.#context)
    return row
  }
}
