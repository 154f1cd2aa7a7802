import { readFileSync } from 'node:fs'

/** The clock's offset in milliseconds, from a file that the tests write. */
const offsetIn = (file: string) => Number(readFileSync(file, 'utf8'))

type Context = { getRemainingTimeInMillis: () => number }
type Handler = (event: unknown, context: Context) => Promise<unknown>

/** Makes this process's clock run ahead by the offset in `file`. Returns a wrapper for its Lambda handler. */
export function offsetClock(file: string): (handler: Handler) => Handler {
  const Real = Date
  const now = () => Real.now() + offsetIn(file)
  class OffsetDate extends Real {
    constructor(...given: [] | [number]) {
      super(...((given.length === 0 ? [now()] : given) as [number]))
    }
    static override now = now
  }
  globalThis.Date = OffsetDate as DateConstructor
  // The remaining time is computed with Lambda's real clock.
  return handler => (event, context) =>
    handler(event, {
      ...context,
      getRemainingTimeInMillis: () => context.getRemainingTimeInMillis() + offsetIn(file),
    })
}
