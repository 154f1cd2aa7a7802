import { NAMED_ENTITIES } from './named-entities.ts'
import type { EmptyUnit, UnitReader } from './unit-reader.ts'

export const ESC = 0x1b
export const BACKSLASH = 0x5c
export const PERCENT = 0x25
export const AMPERSAND = 0x26
export const SEMICOLON = 0x3b
const EQUALS = 0x3d
export const BACKSPACE = 0x08
const UNDERSCORE = 0x5f
const LINE_FEED = 0x0a
export const CARRIAGE_RETURN = 0x0d
const OPENING_BRACE = 0x7b
const BRACE_END = 0x7d

/** Longer terminal sequences are ignored. */
const MAX_SEQUENCE = 32
const MAX_ENTITY = 10

/** The bytes that begin escapes, with the length of the longest one: an index of 256. */
export const LONGEST_ESCAPE = new Uint8Array(256)
LONGEST_ESCAPE[ESC] = MAX_SEQUENCE
for (const byte of [BACKSLASH, PERCENT, AMPERSAND]) LONGEST_ESCAPE[byte] = 12
LONGEST_ESCAPE[BACKSPACE] = 2
// These represent themselves or, with the text that follows, nothing.
for (const byte of [EQUALS, UNDERSCORE]) LONGEST_ESCAPE[byte] = 1

/** `\n`, `\r`, `\t`. */
const CONTROLS = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
])

/** Not yet decidable: the text ends too early. */
const INCOMPLETE = -2
const INVALID = -1

/**
 * Reads the text that programs write instead of a character: `\n`, `\x27`, `\x{27}`, `\u0027`, `\u{27}`, `\047`, `%27`, `%u0027`, `&#39;`,
 * `&quot;`. A terminal's sequence (`ESC [ 1 m`) does not represent a character, nor does a backslash before any other character, nor a line
 * break after a backslash or, in quoted-printable text, after `=`. If text is printed over a character, to make it bold or underlined, one
 * character counts.
 */
export class EscapeReader implements UnitReader {
  readonly bytes = new Uint8Array(4)
  count = 0
  empty: EmptyUnit = 'nothing'

  read(bytes: Uint8Array, at: number, end: number): number {
    this.count = 0
    this.empty = 'nothing'
    const length = this.#read(bytes, at, end)
    return length === INCOMPLETE ? 0 : length
  }

  #read(bytes: Uint8Array, at: number, end: number): number {
    const first = bytes[at] as number
    if (first === ESC) return readSequence(bytes, at, end)
    if (first === BACKSLASH) return this.#readBackslash(bytes, at, end)
    if (first === AMPERSAND) return this.#readEntity(bytes, at)
    if (first === PERCENT) return this.#readPercent(bytes, at, end)
    if (first === BACKSPACE) return this.#readOverstrike(bytes, at, end)
    if (at + 1 === end) return INCOMPLETE
    if (first === UNDERSCORE) return bytes[at + 1] === BACKSPACE ? 2 : this.#putByte(UNDERSCORE, 1)
    const length = this.#readBreak(bytes, at, end)
    return length === INVALID ? this.#putByte(EQUALS, 1) : length
  }

  #readPercent(bytes: Uint8Array, at: number, end: number): number {
    const isUnicode = bytes[at + 1] === 0x75
    const length = isUnicode
      ? this.#readUnicode(bytes, at, end)
      : this.#putHex(hexAt(bytes, at + 1, 2, end), 3, true)
    return length === 1 ? this.#putByte(PERCENT, 1) : length
  }

  /** A line break after the byte at `at`. */
  #readBreak(bytes: Uint8Array, at: number, end: number): number {
    const after = bytes[at + 1] === CARRIAGE_RETURN ? at + 2 : at + 1
    if (after >= end) return INCOMPLETE
    if (bytes[after] !== LINE_FEED) return INVALID
    this.empty = 'break'
    return after + 1 - at
  }

  /** A backspace and the text over the preceding character: the same one, or an underscore. */
  #readOverstrike(bytes: Uint8Array, at: number, end: number): number {
    if (at + 1 === end) return INCOMPLETE
    let first = at - 1
    while (first > 0 && first > at - 4 && ((bytes[first] as number) & 0xc0) === 0x80) first--
    const size = bytes[at + 1] === UNDERSCORE ? 1 : at - first
    for (let index = 0; index < size && bytes[at + 1] !== UNDERSCORE; index++) {
      if (at + 1 + index === end) return INCOMPLETE
      if (bytes[at + 1 + index] !== bytes[first + index]) return 1
    }
    this.empty = 'repetition'
    return 1 + size
  }

  #readBackslash(bytes: Uint8Array, at: number, end: number): number {
    if (at + 1 === end) return INCOMPLETE
    const kind = bytes[at + 1] as number
    const control = CONTROLS.get(kind)
    if (control !== undefined) return this.#putByte(control, 2)
    if (kind === LINE_FEED || kind === CARRIAGE_RETURN) {
      const length = this.#readBreak(bytes, at, end)
      return length === INVALID ? 1 : length
    }
    if ((kind === 0x75 || kind === 0x78) && bytes[at + 2] === OPENING_BRACE)
      return this.#readBraces(bytes, at, end)
    if (kind === 0x78) return this.#putHex(hexAt(bytes, at + 2, 2, end), 4, true)
    if (kind === 0x55) return this.#putHex(hexAt(bytes, at + 2, 8, end), 10, false)
    if (kind === 0x75) return this.#readUnicode(bytes, at, end)
    if (kind < 0x30 || kind > 0x33) return 1
    return this.#putHex(numberAt(bytes, at + 1, 3, end, 8), 4, true)
  }

  /** `\u{e4}`, `\x{e4}`. */
  #readBraces(bytes: Uint8Array, at: number, end: number): number {
    let stop = at + 3
    while (stop < end && stop < at + 11 && digitOf(bytes[stop] as number) < 16) stop++
    if (stop === end) return INCOMPLETE
    if (stop === at + 3 || bytes[stop] !== BRACE_END) return 1
    return this.#putCodePoint(hexAt(bytes, at + 3, stop - at - 3, end), stop + 1 - at)
  }

  /** `\u00e4`, `%u00e4`, and pairs of these for characters that need two UTF-16 units. */
  #readUnicode(bytes: Uint8Array, at: number, end: number): number {
    const unit = hexAt(bytes, at + 2, 4, end)
    if (unit < 0xd800 || unit > 0xdbff) return this.#putHex(unit, 6, false)
    // Repeated escaping adds backslashes.
    let stop = at + 6
    while (stop < end && stop < at + 14 && bytes[stop] === bytes[at]) stop++
    if (stop === end) return INCOMPLETE
    if (stop === at + 6 || bytes[stop] !== 0x75) return 1
    const second = hexAt(bytes, stop + 1, 4, end)
    if (second < 0) return second === INCOMPLETE ? INCOMPLETE : 1
    return this.#putCodePoint(0x10000 + ((unit & 0x3ff) << 10) + (second & 0x3ff), stop + 5 - at)
  }

  #readEntity(bytes: Uint8Array, at: number): number {
    const stop = entityEnd(bytes, at)
    if (stop === bytes.length) return INCOMPLETE
    if (bytes[stop] !== SEMICOLON) return this.#putByte(AMPERSAND, 1)
    const name = String.fromCharCode(...bytes.subarray(at + 1, stop))
    const code = codeOfEntity(name)
    return code === undefined ? this.#putByte(AMPERSAND, 1) : this.#putCodePoint(code, stop + 1 - at)
  }

  #putHex(value: number, length: number, isByte: boolean): number {
    if (value < 0) return value === INCOMPLETE ? INCOMPLETE : 1
    return isByte ? this.#putByte(value, length) : this.#putCodePoint(value, length)
  }

  #putByte(value: number, length: number): number {
    this.bytes[0] = value
    this.count = 1
    return length
  }

  #putCodePoint(value: number, length: number): number {
    if (value < 0 || value > 0x10ffff) return 1
    this.count = encoder.encodeInto(String.fromCodePoint(value), this.bytes).written
    return length
  }
}

const encoder = new TextEncoder()

/** The length of a terminal's sequence (ECMA-48), 1 for ESC alone, or less than 1 if the text ends too early. */
export function readSequence(bytes: Uint8Array, at: number, end: number): number {
  let stop = at + 1
  if (stop === end) return INCOMPLETE
  const isControl = bytes[stop] === 0x5b
  if (isControl) stop++
  const lowest = isControl ? 0x40 : 0x30
  while (
    stop < end &&
    stop < at + MAX_SEQUENCE &&
    (bytes[stop] as number) >= 0x20 &&
    (bytes[stop] as number) < lowest
  )
    stop++
  if (stop === end) return INCOMPLETE
  const final = bytes[stop] as number
  return final >= lowest && final <= 0x7e ? stop + 1 - at : 1
}

function codeOfEntity(name: string): number | undefined {
  if (!name.startsWith('#')) return NAMED_ENTITIES.get(name)
  const digits = /^#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name)
  if (!digits) return undefined
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16)
  return code <= 0x10ffff ? code : undefined
}

/** The end of an entity's name or number: a semicolon, if it is an entity. */
export function entityEnd(bytes: Uint8Array, at: number): number {
  let end = at + 1
  while (end < bytes.length && end < at + MAX_ENTITY && isEntityChar(bytes[end] as number)) end++
  return end
}

const isEntityChar = (byte: number) => byte === 0x23 || digitOf(byte) < 36

/** Hexadecimal digits. `INVALID` if there are others, `INCOMPLETE` if the text ends before. */
const hexAt = (bytes: Uint8Array, at: number, count: number, end: number) =>
  numberAt(bytes, at, count, end, 16)

function numberAt(bytes: Uint8Array, at: number, count: number, end: number, base: number): number {
  let value = 0
  for (let index = at; index < at + count; index++) {
    if (index >= end) return INCOMPLETE
    const digit = digitOf(bytes[index] as number)
    if (digit >= base) return INVALID
    value = value * base + digit
  }
  return value
}

/** 0 to 35 for digits and letters, else 36. */
export function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x7a ? lower - 0x61 + 10 : 36
}
