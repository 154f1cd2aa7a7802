import { BACKSLASH, BEGINS_ESCAPE, EscapeReader } from './escapes.ts'

/** Noise in which a space is, or a line break. */
export const WHITE_SPACE = new Uint8Array(256)
for (const byte of Buffer.from('\t\n\r ')) WHITE_SPACE[byte] = byte === 0x0d ? 0 : 1

/**
 * What each byte counts as when texts are compared without regard to noise, or 0 for noise: control characters, white space,
 * quotes and backslashes. Base64url counts as base64.
 */
export const SIGNIFICANT: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte <= 0x20 ? 0 : byte,
)
for (const byte of [0x7f, ...Buffer.from(`'"`), BACKSLASH]) SIGNIFICANT[byte] = 0
SIGNIFICANT[0x2d] = 0x2b
SIGNIFICANT[0x5f] = 0x2f

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
    const length = escapes && BEGINS_ESCAPE[byte] ? reader.read(bytes, at, bytes.length) : 0
    if (length === 0) add(byte)
    else reader.bytes.subarray(0, reader.count).forEach(add)
    at += length || 1
  }
  return significant.subarray(0, count)
}
