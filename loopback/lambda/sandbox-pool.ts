import type { InvocationResult } from './invocation-result.ts'
import { type Event, Sandbox, type SandboxOptions } from './sandbox.ts'

/** The sandboxes of one function. Keeps them warm, reuses them, and kills those that have been idle for a while. */
export class SandboxPool {
  readonly #options: Omit<SandboxOptions, 'onEnd'>
  readonly #idleMs: number
  readonly #busyMs: number
  readonly #all = new Set<Sandbox>()
  readonly #idle = new Map<Sandbox, NodeJS.Timeout>()
  readonly #waiting: (() => void)[] = []
  /** Events that wait for a busy sandbox. */
  readonly #forBusy: ((sandbox: Sandbox | Promise<Sandbox>) => void)[] = []
  #growth: NodeJS.Timeout | undefined
  #free: number
  #closed = false

  constructor(
    options: Omit<SandboxOptions, 'onEnd'>,
    { idleMs, busyMs }: { idleMs: number; busyMs: number },
  ) {
    this.#options = options
    this.#idleMs = idleMs
    this.#busyMs = busyMs
    this.#free = options.definition.concurrency
  }

  /** Runs the event as soon as a sandbox is free, in the order of the calls. */
  async run(event: Event): Promise<InvocationResult> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
    try {
      for (;;) {
        const sandbox = this.#takeIdle() ?? (await (this.#mayWait() ? this.#awaitBusy() : this.#start()))
        const result = await sandbox.run(event)
        if (result === 'gone') continue
        this.#release(sandbox)
        return result
      }
    } finally {
      // Passes the slot directly to the next caller, so that no other call can take it in between.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  /** Whether a call is waiting for a sandbox. */
  get hasWaiters() {
    return this.#waiting.length > 0
  }

  sandboxes() {
    return [...this.#all].map(({ id, pid }) => ({ id, pid }))
  }

  async close() {
    this.#closed = true
    for (const timer of this.#idle.values()) clearTimeout(timer)
    for (const resolve of this.#forBusy.splice(0)) resolve(this.#start())
    await Promise.all([...this.#all].map(sandbox => sandbox.end()))
  }

  async #start() {
    if (this.#closed) throw new Error('The pool is closed')
    const sandbox: Sandbox = new Sandbox({ ...this.#options, onEnd: () => this.#remove(sandbox) })
    this.#all.add(sandbox)
    await sandbox.start()
    if (this.#closed) await sandbox.end()
    return sandbox
  }

  #mayWait = () => this.#options.definition.sharesSandboxes === true && this.#all.size > 0

  #awaitBusy(): Promise<Sandbox> {
    return new Promise(resolve => {
      this.#forBusy.push(resolve)
      this.#growth ??= setTimeout(() => this.#grow(), this.#busyMs).unref()
    })
  }

  /** Starts one sandbox for the events that wait, unless another is just starting. */
  #grow() {
    this.#growth = undefined
    if (![...this.#all].some(({ warm }) => !warm)) this.#forBusy.shift()?.(this.#start())
    if (this.#forBusy.length > 0) this.#growth = setTimeout(() => this.#grow(), this.#busyMs).unref()
  }

  #takeIdle() {
    // The sandbox used last is the most likely to have warm caches.
    const sandbox = [...this.#idle.keys()].at(-1)
    if (sandbox) {
      clearTimeout(this.#idle.get(sandbox))
      this.#idle.delete(sandbox)
    }
    return sandbox
  }

  #release(sandbox: Sandbox) {
    if (!sandbox.alive) return
    const next = this.#forBusy.shift()
    if (next) next(sandbox)
    else this.#idle.set(sandbox, setTimeout(() => void sandbox.end(), this.#idleMs).unref())
  }

  #remove(sandbox: Sandbox) {
    clearTimeout(this.#idle.get(sandbox))
    this.#idle.delete(sandbox)
    this.#all.delete(sandbox)
  }
}
