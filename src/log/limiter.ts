export type Limiter = {
  /** The part of the chunk that is kept. */
  write(chunk: Uint8Array): Uint8Array
  /** One line on what was left out; null when nothing was. */
  end(): string | null
}

/** Keeps the first `limit` bytes and counts the rest. */
export function createLimiter(limit: number): Limiter {
  let room = limit
  let leftOut = 0
  return {
    write: chunk => {
      const kept = chunk.subarray(0, room)
      room -= kept.length
      leftOut += chunk.length - kept.length
      return kept
    },
    end: () =>
      leftOut === 0
        ? null
        : `The log stops here at its limit of ${describeBytes(limit)}: ${describeBytes(leftOut)} more were left out`,
  }
}

/** A number of bytes as people read it. */
export function describeBytes(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  const units = ['KB', 'MB', 'GB', 'TB']
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length)
  const value = bytes / 1024 ** power
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ${units[power - 1]}`
}
