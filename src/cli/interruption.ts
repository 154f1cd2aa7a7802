export type Interruption = Disposable & { signal: AbortSignal }

/** Aborts when the process first receives one of these signals; a repeated one ends the process, as it would otherwise. */
export function onInterruption(...names: readonly NodeJS.Signals[]): Interruption {
  const controller = new AbortController()
  const abort = () => controller.abort()
  for (const name of names) process.once(name, abort)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, abort)
    },
  }
}
