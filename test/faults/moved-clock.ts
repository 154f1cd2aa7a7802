/**
 * Makes this process's clock run ahead by `offset()` milliseconds, until the returned function is called. Timers keep the
 * machine's pace.
 */
export function moveClock(offset: () => number): () => void {
  const real = globalThis.Date
  const now = () => real.now() + offset()
  globalThis.Date = new Proxy(real, {
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  })
  return () => {
    globalThis.Date = real
  }
}
