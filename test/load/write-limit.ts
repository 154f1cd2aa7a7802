import { type Rule, startFaultProxy } from '../faults/fault-proxy.ts'

/** GitHub allows 900 points a minute; a write costs 5. */
const WRITES_A_MINUTE = 180
const MINUTE_MS = 60_000

/**
 * A proxy in front of the local GitHub that enforces the real one's limit for writes.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
export async function startWriteLimit() {
  const writes: number[] = []
  let refused = 0
  const waitSeconds = () => {
    const now = Date.now()
    const [oldest] = writes.slice(-WRITES_A_MINUTE)
    if (writes.length < WRITES_A_MINUTE || oldest === undefined || oldest <= now - MINUTE_MS) {
      writes.push(now)
      return 0
    }
    refused += 1
    return Math.ceil((oldest + MINUTE_MS - now) / 1000)
  }
  const limit: Rule = {
    method: 'POST',
    address: /\/statuses\//,
    nth: 1,
    times: Number.POSITIVE_INFINITY,
    fault: 403,
    seen: 0,
    waitSeconds,
  }
  const proxy = await startFaultProxy([limit])
  return { ...proxy, counts: () => ({ taken: writes.length, refused }) }
}
