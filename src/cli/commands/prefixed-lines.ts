const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const ESCAPE = 0x1b
const END = Buffer.from('\n')
/** Ends a style that a line leaves open, which must reach neither the prefix nor the text of another line. */
const STYLED_END = Buffer.from('\u001b[0m\n')
/** A longer line is printed in pieces. */
const MAX_LINE = 64 * 1024

/**
 * Puts a prefix before each line of a log, so that several logs can be printed at once. Lines are held back until they are complete. Only
 * the last state of a progress bar is left, because it would overwrite the prefix.
 */
export class PrefixedLines {
  readonly #prefix: Buffer
  #held: Uint8Array = new Uint8Array()

  constructor(prefix: string) {
    this.#prefix = Buffer.from(prefix)
  }

  /** The lines that these bytes complete. */
  push(bytes: Uint8Array): Uint8Array {
    const text = Buffer.concat([this.#held, bytes])
    const parts: Uint8Array[] = []
    let at = 0
    for (let end = text.indexOf(LINE_FEED); end >= 0; end = text.indexOf(LINE_FEED, at)) {
      parts.push(...this.#line(text.subarray(at, end)))
      at = end + 1
    }
    this.#held = text.subarray(at)
    if (this.#held.length >= MAX_LINE) parts.push(this.end())
    return Buffer.concat(parts)
  }

  /** Returns the rest of an unfinished line. */
  end(): Uint8Array {
    const parts = this.#held.length > 0 ? this.#line(this.#held) : []
    this.#held = new Uint8Array()
    return Buffer.concat(parts)
  }

  #line(bytes: Uint8Array): Uint8Array[] {
    const text = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes
    const end = text.includes(ESCAPE) ? STYLED_END : END
    return [this.#prefix, text.subarray(text.lastIndexOf(CARRIAGE_RETURN) + 1), end]
  }
}
