import { PLAIN, styleAfter, type TextStyle } from './text-style.ts'

export type Span = { text: string; style: TextStyle }

/** The cursor stops here, far beyond the width of any terminal. */
const LAST_COLUMN = 4000
/** A control sequence (CSI), an operating system command (OSC), another escape sequence, or one control character. */
const CONTROL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
  /\u001b\[([0-9:;<=>?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g

/**
 * Lays out a line as a terminal would finally show it: overwritten text is gone, and coloured text becomes spans.
 * Unsupported control sequences are dropped, and control characters are made visible.
 * @param style continued from the line before
 * @returns the spans, and the style that the next line continues with
 */
export function layOutLine(text: string, style: TextStyle): { spans: Span[]; style: TextStyle } {
  const row = new Row(style)
  let at = 0
  for (const control of text.matchAll(CONTROL)) {
    row.write(text.slice(at, control.index))
    at = control.index + control[0].length
    row.apply(control[0], control[1] ?? '', control[2] ?? '')
  }
  row.write(text.slice(at))
  return { spans: row.spans(), style: row.style }
}

/** The plain text of a line, for searching. */
export function textOfLine(text: string): string {
  // Fast path: a search may cover millions of lines, and most have no control characters.
  if (text.search(CONTROL) < 0) return text
  const { spans } = layOutLine(text.replace(/\r$/, ''), PLAIN)
  return spans.map(span => span.text).join('')
}

class Row {
  style: TextStyle
  /** By column. Undefined if the cursor skipped the column. */
  #cells: (readonly [character: string, style: TextStyle] | undefined)[] = []
  /** The spans of a line without cursor movements, which most lines are: they need no cells. */
  #runs: Span[] = []
  #isSimple = true
  #column = 0

  constructor(style: TextStyle) {
    this.style = style
  }

  write(text: string): void {
    if (text === '') return
    if (this.#isSimple) {
      this.#runs.push({ text, style: this.style })
      return
    }
    for (const character of text) {
      this.#cells[this.#column] = [character, this.style]
      this.#column = Math.min(this.#column + 1, LAST_COLUMN)
    }
  }

  apply(control: string, parameters: string, final: string): void {
    if (final === 'm') this.style = styleAfter(this.style, parameters)
    else if (control === '\r') this.#move(() => 0)
    else if (control === '\b') this.#move(column => column - 1)
    else if (final === 'G') this.#move(() => countOf(parameters) - 1)
    else if (final === 'C') this.#move(column => column + countOf(parameters))
    else if (final === 'D') this.#move(column => column - countOf(parameters))
    else if (final === 'K') this.#erase(parameters)
    else if (control.length === 1 && control !== '\u001b') this.write(visible(control))
  }

  spans(): Span[] {
    if (this.#isSimple) return this.#runs
    const spans: Span[] = []
    // Skipped columns count as spaces.
    for (let column = 0; column < this.#cells.length; column++) {
      const [text, style] = this.#cells[column] ?? [' ', PLAIN]
      const last = spans.at(-1)
      if (last && last.style === style) last.text += text
      else spans.push({ text, style })
    }
    return spans
  }

  #move(to: (column: number) => number) {
    this.#openCells()
    this.#column = Math.max(0, Math.min(to(this.#column), LAST_COLUMN))
  }

  #erase(parameters: string) {
    this.#openCells()
    if (parameters === '1') this.#cells.fill(undefined, 0, this.#column + 1)
    else if (parameters === '2') this.#cells = []
    else this.#cells.length = Math.min(this.#cells.length, this.#column)
  }

  #openCells() {
    if (!this.#isSimple) return
    this.#isSimple = false
    for (const { text, style } of this.#runs)
      for (const character of text) this.#cells.push([character, style])
    this.#column = Math.min(this.#cells.length, LAST_COLUMN)
  }
}

const countOf = (parameters: string) => Math.max(1, Number.parseInt(parameters, 10) || 1)

/** Unicode's symbol for a control character. */
const visible = (control: string) => {
  const code = control.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '\u2421' : '\ufffd'
}
