/** Colours are the class name of an ANSI colour (`ansi-red`), or `r, g, b`. */
export type TextStyle = { color: string | null; background: string | null; decorations: readonly string[] }

export const PLAIN: TextStyle = { color: null, background: null, decorations: [] }

const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

/** The decoration that a code starts. */
const STARTS = new Map([
  [1, 'bold'],
  [2, 'dim'],
  [3, 'italic'],
  [4, 'underline'],
  [5, 'blink'],
  [7, 'reverse'],
  [8, 'hidden'],
  [9, 'strikethrough'],
])

/** The decorations that a code ends. */
const ENDS = new Map([
  [21, ['bold']],
  [22, ['bold', 'dim']],
  [23, ['italic']],
  [24, ['underline']],
  [25, ['blink']],
  [27, ['reverse']],
  [28, ['hidden']],
  [29, ['strikethrough']],
])

/**
 * The style after the sequence `ESC [ parameters m` (Select Graphic Rendition). Codes and colours that do not exist
 * are skipped. https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters
 */
export function styleAfter(style: TextStyle, parameters: string): TextStyle {
  const codes = codesOf(parameters)
  let { color, background } = style
  const decorations = new Set(style.decorations)
  while (codes.length > 0) {
    // A missing number counts as 0.
    const code = codes.shift() || 0
    if (code === 0) {
      color = null
      background = null
      decorations.clear()
    }
    const started = STARTS.get(code)
    if (started) decorations.add(started)
    for (const ended of ENDS.get(code) ?? []) decorations.delete(ended)
    const selected = colorOf(code, codes)
    if (selected === undefined) continue
    if (code < 40 || (code >= 90 && code < 100)) color = selected
    else background = selected
  }
  return { color, background, decorations: [...decorations] }
}

/** The numbers of a sequence, NaN where one is missing. Empty for a sequence that is private to a terminal. */
function codesOf(parameters: string): number[] {
  // Converts the colon syntax of ISO 8613-6: `38:2::r:g:b`, `38:5:n`.
  const semicolons = parameters
    .replace(/([34]8):2:\d*:(\d+):(\d+):(\d+)/g, '$1;2;$2;$3;$4')
    .replaceAll(':', ';')
  if (/[<=>?]/.test(semicolons)) return []
  return semicolons.split(';').map(number => Number.parseInt(number, 10))
}

/** The colour that a code selects: null for the default one, undefined if the code or its colour does not exist. */
function colorOf(code: number, following: number[]): string | null | undefined {
  const [tens, index] = [Math.floor(code / 10), code % 10]
  const isBright = tens === 9 || tens === 10
  if (tens !== 3 && tens !== 4 && !isBright) return undefined
  if (index < 8) return colorName(isBright ? index + 8 : index)
  if (isBright) return undefined
  return index === 9 ? null : takeExtendedColor(following)
}

const colorName = (index: number) => `ansi-${index < 8 ? '' : 'bright-'}${COLORS[index % 8]}`

/** Takes the colour that follows 38 or 48: `5;n` or `2;r;g;b`. */
function takeExtendedColor(following: number[]): string | undefined {
  const mode = following.shift()
  const length = mode === 5 ? 1 : mode === 2 ? 3 : 0
  if (length === 0 || following.length < length) return undefined
  const values = following.splice(0, length)
  if (!values.every(value => value <= 255)) return undefined
  return mode === 5 ? paletteColor(values[0] ?? 0) : values.join(', ')
}

/** xterm's 256 colours: sixteen with names, a cube of 6 × 6 × 6, then 24 greys. */
function paletteColor(index: number): string {
  if (index < 16) return colorName(index)
  if (index >= 232)
    return Array(3)
      .fill(8 + 10 * (index - 232))
      .join(', ')
  const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step)
  const cube = index - 16
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level).join(', ')
}
