import { BACKSLASH, EscapeReader, LONGEST_ESCAPE } from './escapes.ts'
import { NOISE_STARTS } from './noise-starts.ts'
import type { UnitReader } from './unit-reader.ts'

/** How to read a text that may contain a secret. */
export type Alphabet = {
  /** The meaning of each byte, or 0 for noise. */
  significant: Uint8Array
  /** The length of the longest unit of several bytes that a byte begins, or 0 if there is none. */
  longestUnit: Uint8Array
  /** The bytes with which noise may begin that must be searched for. Other noise is found by its surroundings. */
  noiseStarts: readonly number[]
  /** Whether letters count as the same in upper and lower case. */
  ignoresCase: boolean
  openReader(): UnitReader
}

/**
 * The meaning of each byte when texts are compared without noise, or 0 for noise: control characters, white space, quotes and backslashes.
 * Base64url counts as base64.
 */
export const SIGNIFICANT: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte <= 0x20 ? 0 : byte,
)
for (const byte of [0x7f, ...Buffer.from(`'"`), BACKSLASH]) SIGNIFICANT[byte] = 0
SIGNIFICANT[0x2d] = 0x2b
SIGNIFICANT[0x5f] = 0x2f

/** Text, in which escapes may represent characters. */
export const TEXT: Alphabet = {
  significant: SIGNIFICANT,
  longestUnit: LONGEST_ESCAPE,
  noiseStarts: NOISE_STARTS,
  ignoresCase: false,
  openReader: () => new EscapeReader(),
}

/** A text without noise. */
export function withoutNoise(text: Uint8Array | string, { escapes = false } = {}): Buffer {
  const bytes = Buffer.from(text)
  const significant = Buffer.alloc(bytes.length)
  const reader = new EscapeReader()
  let count = 0
  const add = (value: number) => {
    if (SIGNIFICANT[value]) significant[count++] = SIGNIFICANT[value] as number
  }
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number
    const length = escapes && LONGEST_ESCAPE[byte] ? reader.read(bytes, at, bytes.length) : 0
    if (length === 0) add(byte)
    else reader.bytes.subarray(0, reader.count).forEach(add)
    at += length || 1
  }
  return significant.subarray(0, count)
}
