import type { Alphabet } from './alphabet.ts'
import type { EmptyUnit, UnitReader } from './unit-reader.ts'

const ZERO = 0x30
const FULL_STOP = 0x2e

/**
 * The separators that programs write between the bytes of a dump: `bytes.hex(':')` of Python, `openssl`, `od`, `xxd -i`, Go's `% x`, URLs,
 * quoted-printable text, and escapes of Perl. A line break and indentation may be anywhere.
 */
const BETWEEN = [' ', ':', '-', '.', ',', ', ', '_', ' 0x', ',0x', ', 0x', '\\x', '\\\\x', '%', '=', '}\\x{']

/** Longer dumps are found by their beginning. */
const KNOWN_BYTES = 24

/** The possible beginnings of a dump, in lower case: one number for each byte, or for two or more. */
export function hexSpellings(secret: string): string[] {
  const hex = Buffer.from(secret).subarray(0, KNOWN_BYTES).toString('hex')
  return [
    hex,
    ...BETWEEN.flatMap(between => [
      hex.replace(/..(?=.)/g, `$&${between}`),
      hex.replace(/.{4}(?=.)/g, `$&${between}`),
      hex.slice(0, 2) + hex.slice(2).replace(/.{4}/g, `${between}$&`),
    ]),
  ]
}

/** Reads `0x`, which represents nothing, and `...`, with which Node shortens a Buffer. */
class HexUnitReader implements UnitReader {
  readonly bytes = new Uint8Array(1)
  count = 0
  empty: EmptyUnit = 'nothing'

  read(bytes: Uint8Array, at: number, end: number): number {
    this.count = 0
    this.empty = 'nothing'
    return bytes[at] === ZERO ? this.#readZero(bytes, at, end) : this.#readStop(bytes, at, end)
  }

  #readZero(bytes: Uint8Array, at: number, end: number): number {
    if (at + 1 === end) return 0
    if (((bytes[at + 1] as number) | 0x20) === X) return 2
    this.bytes[0] = ZERO
    this.count = 1
    return 1
  }

  #readStop(bytes: Uint8Array, at: number, end: number): number {
    let stop = at + 1
    while (stop < end && stop < at + 3 && bytes[stop] === FULL_STOP) stop++
    if (stop === at + 3) {
      this.empty = 'cut'
      return 3
    }
    return stop === end ? 0 : 1
  }
}

const X = 0x78
const NOISE = Buffer.from(`"#%&'(),-.:;<=>[\\]_{|}xX`)

/** Hexadecimal digits in any case, separated by anything in `BETWEEN`. */
export const HEX: Alphabet = {
  significant: Uint8Array.from({ length: 256 }, (_, byte) => {
    if (byte <= 0x20 || byte === 0x7f || NOISE.includes(byte)) return 0
    return byte >= 0x41 && byte <= 0x46 ? byte | 0x20 : byte
  }),
  longestUnit: Uint8Array.from({ length: 256 }, (_, byte) => Number(byte === ZERO || byte === FULL_STOP)),
  noiseStarts: [],
  ignoresCase: true,
  openReader: () => new HexUnitReader(),
}
