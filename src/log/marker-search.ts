/** Every marker of a group begins with one of these. In most outputs, they are rarer than the letters of a word. */
const BEGINNINGS = ['::', '##['].map(text => Buffer.from(text))
/** Every marker contains it, after its beginning or after `end`. */
const WORD = Buffer.from('group')
const BEFORE = new Set(Buffer.from(':[d'))
/** The limit for an output that has the word everywhere: its search takes some tenths of a second. */
const MOST_WORDS = 2_000_000

/** Finds lines that may start or end a group faster than by looking at each line. */
export class MarkerSearch {
  #words = 0

  readonly open = (bytes: Uint8Array) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    if (!BEGINNINGS.some(text => buffer.includes(text))) return () => -1
    return (from: number): number => {
      for (let at = buffer.indexOf(WORD, from); at >= 0; at = buffer.indexOf(WORD, at + WORD.length)) {
        this.#words += 1
        if (this.#words > MOST_WORDS) return -1
        if (at > from && BEFORE.has(buffer[at - 1] as number)) return at
      }
      return -1
    }
  }
}
