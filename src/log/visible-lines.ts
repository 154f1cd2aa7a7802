/** A control sequence (CSI), an operating system command (OSC), another escape sequence, or one control character but the tab. */
const CONTROL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
  /\u001b\[([0-9:;<=>?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g

/** Cursor movements stop here, as at the border of a terminal, so that a short sequence cannot make a long line. */
const LAST_COLUMN = 200
/** The cursor goes no further up: a terminal has lost the lines above. */
const HEIGHT = 200
/** Earlier lines are dropped. */
const MAX_ROWS = 10_000

/**
 * The lines of a log as a terminal would finally show them, without colours: a progress bar that rewrites itself leaves only its last
 * state. A screen that a program has completely cleared is kept. At most the last 10,000.
 */
export function visibleLines(text: string): string[] {
  const screen = new Screen()
  let at = 0
  for (const control of text.matchAll(CONTROL)) {
    screen.write(text.slice(at, control.index))
    at = control.index + control[0].length
    screen.apply(control[0], control[1] ?? '', control[2] ?? '')
  }
  screen.write(text.slice(at))
  return screen.lines()
}

/** A row is a text as long as the cursor only moves forward, and then an array of its characters. */
type Row = string | string[]

class Screen {
  readonly #rows: Row[] = ['']
  #row = 0
  #column = 0

  write(text: string): void {
    if (text === '') return
    const row = this.#rows[this.#row] ?? ''
    if (typeof row === 'string' && this.#column === row.length) {
      this.#rows[this.#row] = row + text
      this.#column += text.length
      return
    }
    const cells = this.#cells()
    for (const character of text) {
      while (cells.length < this.#column) cells.push(' ')
      cells[this.#column] = character
      this.#column += 1
    }
  }

  apply(control: string, parameters: string, final: string): void {
    const count = countOf(parameters)
    if (control === '\n') this.#feedLine()
    else if (control === '\r') this.#column = 0
    else if (control === '\b') this.#moveTo(this.#row, this.#column - 1)
    else if (final === 'A') this.#moveTo(this.#row - count, this.#column)
    else if (final === 'B') this.#moveTo(this.#row + count, this.#column)
    else if (final === 'C') this.#moveTo(this.#row, this.#column + count)
    else if (final === 'D') this.#moveTo(this.#row, this.#column - count)
    else if (final === 'E') this.#moveTo(this.#row + count, 0)
    else if (final === 'F') this.#moveTo(this.#row - count, 0)
    else if (final === 'G') this.#moveTo(this.#row, count - 1)
    else if (final === 'K') this.#eraseInRow(parameters)
    else if (final === 'J' && (parameters === '' || parameters === '0')) this.#eraseBelow()
  }

  lines(): string[] {
    return this.#rows.slice(-MAX_ROWS).map(row => (typeof row === 'string' ? row : row.join('')))
  }

  #feedLine() {
    this.#row += 1
    this.#column = 0
    if (this.#row < this.#rows.length) return
    this.#rows.push('')
    // Beyond the cursor's reach.
    const fixed = this.#rows.length - HEIGHT - 1
    const row = this.#rows[fixed]
    if (typeof row === 'object') this.#rows[fixed] = row.join('')
    if (this.#rows.length > 2 * MAX_ROWS) this.#row -= this.#rows.splice(0, MAX_ROWS).length
  }

  #moveTo(row: number, column: number) {
    const last = this.#rows.length - 1
    this.#row = Math.max(0, last - HEIGHT + 1, Math.min(row, last))
    this.#column = Math.max(0, Math.min(column, LAST_COLUMN))
  }

  #eraseInRow(parameters: string) {
    const cells = this.#cells()
    if (parameters === '1') cells.fill(' ', 0, this.#column + 1)
    else if (parameters === '2') cells.length = 0
    else cells.length = Math.min(cells.length, this.#column)
  }

  #eraseBelow() {
    this.#eraseInRow('')
    this.#rows.length = this.#row + 1
  }

  #cells(): string[] {
    const row = this.#rows[this.#row] ?? ''
    if (typeof row !== 'string') return row
    const cells = [...row]
    this.#rows[this.#row] = cells
    // A column is a character; the text was counted by UTF-16 units.
    if (this.#column === row.length) this.#column = cells.length
    return cells
  }
}

const countOf = (parameters: string) => Math.max(1, Number.parseInt(parameters, 10) || 1)
