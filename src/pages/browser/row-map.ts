/** Lines from one to another, inclusive. The last may be infinite. */
export type LineRange = { from: number; to: number }

/**
 * Maps rows of the view to lines, both from 1, if these lines are hidden. A lookup takes logarithmic time in the number of hidden ranges,
 * whatever the size of the log.
 */
export class RowMap {
  readonly #hidden: readonly LineRange[]
  /** How many lines are hidden before each range. */
  readonly #before: number[] = []

  /** @param hidden in order, without overlaps and without the first line */
  constructor(hidden: readonly LineRange[]) {
    this.#hidden = hidden
    let before = 0
    for (const { from, to } of hidden) {
      this.#before.push(before)
      before += to - from + 1
    }
  }

  /** The row of a line; for a hidden line, that of the last line before it that is not hidden. */
  rowOf(line: number): number {
    const index = this.#lastIndex(at => this.#rangeAt(at).from <= line)
    if (index < 0) return line
    const { from, to } = this.#rangeAt(index)
    const before = this.#beforeAt(index)
    return line <= to ? from - 1 - before : line - before - (to - from + 1)
  }

  lineOf(row: number): number {
    const index = this.#lastIndex(at => this.#rangeAt(at).from - this.#beforeAt(at) <= row)
    if (index < 0) return row
    const { from, to } = this.#rangeAt(index)
    return row + this.#beforeAt(index) + (to - from + 1)
  }

  isHidden(line: number): boolean {
    const index = this.#lastIndex(at => this.#rangeAt(at).from <= line)
    return index >= 0 && line <= this.#rangeAt(index).to
  }

  /** The last line before the next hidden one. */
  lastVisibleFrom(line: number): number {
    const next = this.#hidden[this.#lastIndex(at => this.#rangeAt(at).from <= line) + 1]
    return next ? next.from - 1 : Number.POSITIVE_INFINITY
  }

  #rangeAt(index: number): LineRange {
    return this.#hidden[index] as LineRange
  }

  #beforeAt(index: number): number {
    return this.#before[index] as number
  }

  /** The index of the last range for which a condition holds, which must hold for all ranges before it. -1 if there is none. */
  #lastIndex(holds: (index: number) => boolean): number {
    let [low, high] = [-1, this.#hidden.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (holds(middle)) low = middle
      else high = middle - 1
    }
    return low
  }
}
