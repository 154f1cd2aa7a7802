import Anser from 'anser'

/** How a piece of a line looks. Colours are one of the sixteen by name, or `r, g, b`. */
export type TextStyle = { color: string | null; background: string | null; decorations: readonly string[] }
export type Span = { text: string; look: TextStyle }

export const PLAIN: TextStyle = { color: null, background: null, decorations: [] }

/** Wider than any terminal: a cursor sent further right stays here. */
const LAST_COLUMN = 4000
/** A control sequence, an operating system command, another escape; or one control character. */
const CONTROL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /\u001b\[([0-9:;<=>?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g

/**
 * One line as a terminal would show it at its end: what a progress bar overwrote is gone, colours are pieces, and
 * controls that a page has no use for are dropped (sequences) or made visible (characters). Colours that are still on
 * at the end go on in the next line.
 */
export function layOutLine(text: string, look: TextStyle): { spans: Span[]; look: TextStyle } {
  const screen = new Row(look)
  let at = 0
  for (const control of text.matchAll(CONTROL)) {
    screen.write(text.slice(at, control.index))
    at = control.index + control[0].length
    screen.obey(control[0], control[1] ?? '', control[2] ?? '')
  }
  screen.write(text.slice(at))
  return { spans: screen.spans(), look: screen.look }
}

/** The text alone, for searching. */
export function textOfLine(text: string): string {
  // Most lines have nothing to lay out, and a search goes through millions.
  if (text.search(CONTROL) < 0) return text
  const { spans } = layOutLine(text.replace(/\r$/, ''), PLAIN)
  return spans.map(span => span.text).join('')
}

class Row {
  look: TextStyle
  /** Undefined where the cursor has skipped a column. */
  #cells: (readonly [character: string, look: TextStyle] | undefined)[] = []
  /** What was written in a row, as long as nothing was overwritten: most lines are nothing else. */
  #runs: Span[] = []
  #isSimple = true
  #column = 0

  constructor(look: TextStyle) {
    this.look = look
  }

  write(text: string): void {
    if (text === '') return
    if (this.#isSimple) {
      this.#runs.push({ text, look: this.look })
      return
    }
    for (const character of text) {
      this.#cells[this.#column] = [character, this.look]
      this.#column = Math.min(this.#column + 1, LAST_COLUMN)
    }
  }

  obey(control: string, parameters: string, final: string): void {
    if (final === 'm') this.look = styleAfter(this.look, parameters)
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
    // Not `for … of` over entries: holes count as blanks.
    for (let column = 0; column < this.#cells.length; column++) {
      const [text, look] = this.#cells[column] ?? [' ', PLAIN]
      const last = spans.at(-1)
      if (last && last.look === look) last.text += text
      else spans.push({ text, look })
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
    for (const { text, look } of this.#runs) for (const character of text) this.#cells.push([character, look])
    this.#column = Math.min(this.#cells.length, LAST_COLUMN)
  }
}

const countOf = (parameters: string) => Math.max(1, Number.parseInt(parameters, 10) || 1)

/** Unicode has a picture for each. */
const visible = (control: string) => {
  const code = control.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '\u2421' : '\ufffd'
}

const PALETTE = /^ansi-palette-(\d+)$/

function styleAfter(look: TextStyle, parameters: string): TextStyle {
  const anser = new Anser() as unknown as AnserState
  Object.assign(anser, {
    fg: look.color,
    bg: look.background,
    decorations: [...look.decorations],
  })
  // The form with colons (ISO 8613-6) says the same: `38:2::r:g:b`, `38:5:n`.
  const semicolons = parameters
    .replace(/([34]8):2:\d*:(\d+):(\d+):(\d+)/g, '$1;2;$2;$3;$4')
    .replaceAll(':', ';')
  anser.processChunkJson(`${semicolons}m`, { use_classes: true }, true)
  return {
    color: colorOf(anser.fg, anser.fg_truecolor),
    background: colorOf(anser.bg, anser.bg_truecolor),
    decorations: [...new Set(anser.decorations)],
  }
}

/** The part of the library's state that outlives a sequence. */
type AnserState = {
  fg: string | null
  bg: string | null
  fg_truecolor: string | null
  bg_truecolor: string | null
  decorations: string[]
  processChunkJson(text: string, options: { use_classes: boolean }, markup: boolean): unknown
}

function colorOf(name: string | null, trueColor: string | null): string | null {
  if (name === 'ansi-truecolor') return trueColor
  const [, palette] = PALETTE.exec(name ?? '') ?? []
  return palette === undefined ? name : paletteColor(Number(palette))
}

/** xterm's 256 colours above the sixteen: a cube of 6 × 6 × 6, then 24 greys. */
function paletteColor(index: number): string {
  if (index >= 232)
    return Array(3)
      .fill(8 + 10 * (index - 232))
      .join(', ')
  const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step)
  const cube = index - 16
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level).join(', ')
}
