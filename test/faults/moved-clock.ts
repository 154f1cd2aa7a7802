import { readFileSync } from 'node:fs'

/** How many milliseconds late it is: what stands in a file that tests can write. */
const lateIn = (file: string) => Number(readFileSync(file, 'utf8'))

type Context = { getRemainingTimeInMillis: () => number }
type Handler = (event: unknown, context: Context) => Promise<unknown>

/** Lets this process believe that it is later than it is. */
export function moveClock(file: string): (handler: Handler) => Handler {
  const Real = Date
  const now = () => Real.now() + lateIn(file)
  class Moved extends Real {
    constructor(...given: [] | [number]) {
      super(...((given.length === 0 ? [now()] : given) as [number]))
    }
    static override now = now
  }
  globalThis.Date = Moved as DateConstructor
  // Lambda counts the time that is left by its own clock.
  return handler => (event, context) =>
    handler(event, {
      ...context,
      getRemainingTimeInMillis: () => context.getRemainingTimeInMillis() + lateIn(file),
    })
}
