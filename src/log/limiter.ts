import { describeBytes } from '../model/describe-bytes.ts'

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
