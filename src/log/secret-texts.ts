/**
 * Shorter values are not masked: secrets such as `1`, `true`, `dev` or `8080` would fill the log with stars and
 * protect nothing. This is documented for users.
 */
export const MIN_SECRET_LENGTH = 6
/** Shorter lines of a multi-line secret (`}`, `-----`) are masked only together with the lines that follow. */
export const MIN_LINE_LENGTH = 8

/** The parts of a secret that are masked everywhere. */
export type SecretTexts = {
  whole: string
  /** The lines of a multi-line secret that are long enough. */
  lines: string[]
  /** Consecutive lines that are long enough only together, separated by line breaks. */
  runs: string[]
}

export function secretTexts(values: Iterable<string>): SecretTexts[] {
  const texts = new Map<string, SecretTexts>()
  for (const value of values) {
    const whole = value.trim().toWellFormed()
    if (whole.length < MIN_SECRET_LENGTH || texts.has(whole)) continue
    const lines = whole
      .split(/[\r\n]+/)
      .map(line => line.trim())
      .filter(line => line !== '')
    const isSingle = lines.length === 1
    texts.set(whole, {
      whole,
      lines: isSingle ? [] : lines.filter(line => line.length >= MIN_LINE_LENGTH),
      runs: isSingle ? [] : runsOf(lines),
    })
  }
  return [...texts.values()]
}

/** The fewest lines from each short line on that are long enough together. */
function runsOf(lines: readonly string[]): string[] {
  return lines.flatMap((line, first) => {
    if (line.length >= MIN_LINE_LENGTH) return []
    for (let end = first + 2, letters = lettersIn(line); end <= lines.length; end++) {
      letters += lettersIn(lines[end - 1] as string)
      if (letters >= MIN_LINE_LENGTH) return [lines.slice(first, end).join('\n')]
    }
    return []
  })
}

/** Brackets are not secret. */
const lettersIn = (line: string) => line.match(/[\p{L}\p{N}]/gu)?.length ?? 0
