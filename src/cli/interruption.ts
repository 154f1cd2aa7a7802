export type Interruption = Disposable & { signal: AbortSignal }

/** How many interruptions handle a signal at present. */
const handled = new Map<NodeJS.Signals, number>()

const count = (name: NodeJS.Signals, change: 1 | -1) => handled.set(name, (handled.get(name) ?? 0) + change)

/** Aborts when the process first receives one of these signals; a repeated one ends the process as usual. */
export function onInterruption(...names: readonly NodeJS.Signals[]): Interruption {
  const controller = new AbortController()
  let isHandling = true
  const stop = () => {
    for (const name of names) process.off(name, abort)
    if (isHandling) for (const name of names) count(name, -1)
    isHandling = false
  }
  const abort = () => {
    controller.abort()
    // Not at once: execa ends the process if it finds itself the only listener.
    setImmediate(stop)
  }
  for (const name of names) {
    process.on(name, abort)
    count(name, 1)
  }
  return { signal: controller.signal, [Symbol.dispose]: stop }
}

/** How long the end of the process waits for `before`, in ms: the reader of a pipe may be slow. */
const MOST_WAIT_MS = 200

/** Calls `before` when a signal that nothing else handles is about to end the process, and then lets it end by that signal. */
export function beforeSignals(before: () => Promise<void>, ...names: readonly NodeJS.Signals[]): void {
  for (const name of names) {
    const listener = () => {
      if ((handled.get(name) ?? 0) > 0) return
      // Without this listener, the signal ends the process as usual, and so does a second one while this one waits.
      process.off(name, listener)
      const end = () => process.kill(process.pid, name)
      const timer = setTimeout(end, MOST_WAIT_MS)
      void before().then(() => {
        clearTimeout(timer)
        end()
      })
    }
    process.on(name, listener)
  }
}
