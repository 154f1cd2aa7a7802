const ESC = 0x1b
/** Longer sequences are left out. */
const MAX_LENGTH = 32

/**
 * Collects the changes of colour (SGR, `ESC [ 31 m`) within masked text, so that the text after it has its own colour. A mask may come in
 * parts.
 */
export class StyleCollector {
  #sequence: number[] = []

  begin() {
    this.#sequence = []
  }

  collect(bytes: Uint8Array): Uint8Array[] {
    const styles: Uint8Array[] = []
    if (this.#sequence.length === 0 && !bytes.includes(ESC)) return styles
    for (const byte of bytes) {
      if (byte === ESC) this.#sequence = [byte]
      else if (this.#sequence.length > 0) this.#continue(byte, styles)
    }
    return styles
  }

  #continue(byte: number, styles: Uint8Array[]) {
    const sequence = this.#sequence
    sequence.push(byte)
    if (sequence.length > MAX_LENGTH || (sequence.length === 2 && byte !== 0x5b)) this.#sequence = []
    else if (sequence.length > 2 && (byte < 0x30 || byte > 0x3b)) {
      if (byte === 0x6d) styles.push(Uint8Array.from(sequence))
      this.#sequence = []
    }
  }
}
