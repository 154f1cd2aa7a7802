export type Limiter = {
  /** Returns the part of the chunk within the limit. */
  write(chunk: Uint8Array): Uint8Array
  /** Returns a line about the discarded bytes. Null if there are none. */
  end(): string | null
}

/** Passes the first `limit` bytes and counts the rest. */
export function createLimiter(limit: number): Limiter {
  let room = limit
  let discarded = 0
  return {
    write: chunk => {
      const kept = chunk.subarray(0, room)
      room -= kept.length
      discarded += chunk.length - kept.length
      return kept
    },
    end: () =>
      discarded === 0
        ? null
        : `The log reached its limit of ${describeBytes(limit)}: ${describeBytes(discarded)} were discarded`,
  }
}

/** A number of bytes for people, such as `1.5 MB`. */
export function describeBytes(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  const units = ['KB', 'MB', 'GB', 'TB']
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length)
  const value = bytes / 1024 ** power
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ${units[power - 1]}`
}
