const LINE_FEED = 0x0a

export const sizeOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0)

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only, ...others] = parts
  if (only && others.length === 0) return only
  const whole = new Uint8Array(sizeOf(parts))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function countLineFeeds(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count++
  return count
}

/** The position after the given number of line feeds; the length if there are fewer. */
export function afterLineFeeds(bytes: Uint8Array, count: number): number {
  let at = 0
  for (let seen = 0; seen < count; seen++) {
    const next = bytes.indexOf(LINE_FEED, at)
    if (next < 0) return bytes.length
    at = next + 1
  }
  return at
}
