export type Interruption = Disposable & { signal: AbortSignal }

/** Aborts when the process first receives one of these signals; a repeated one ends the process, as it would otherwise. */
export function onInterruption(...names: readonly NodeJS.Signals[]): Interruption {
  const controller = new AbortController()
  const stop = () => {
    for (const name of names) process.off(name, abort)
  }
  const abort = () => {
    controller.abort()
    // Not at once: execa ends the process if it finds itself the only listener.
    setImmediate(stop)
  }
  for (const name of names) process.on(name, abort)
  return { signal: controller.signal, [Symbol.dispose]: stop }
}
