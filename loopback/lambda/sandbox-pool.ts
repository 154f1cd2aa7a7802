import type { InvocationResult } from './invocation-result.ts'
import { type Event, Sandbox, type SandboxOptions } from './sandbox.ts'

/** An event that waits for a busy sandbox of its tenant. */
type Waiting = { tenantId: string | null; resolve(sandbox: Sandbox | Promise<Sandbox>): void }

/**
 * The sandboxes of one function. Keeps them warm, reuses them for the same tenant, and kills those that have been idle for a
 * while.
 */
export class SandboxPool {
  readonly #options: Omit<SandboxOptions, 'tenantId' | 'onEnd'>
  readonly #idleMs: number
  readonly #busyMs: number
  readonly #all = new Set<Sandbox>()
  readonly #idle = new Map<Sandbox, NodeJS.Timeout>()
  readonly #waiting: (() => void)[] = []
  readonly #forBusy: Waiting[] = []
  #growth: NodeJS.Timeout | undefined
  #free: number
  #closed = false

  constructor(
    options: Omit<SandboxOptions, 'tenantId' | 'onEnd'>,
    { idleMs, busyMs }: { idleMs: number; busyMs: number },
  ) {
    this.#options = options
    this.#idleMs = idleMs
    this.#busyMs = busyMs
    this.#free = options.definition.concurrency
  }

  /** Runs the event as soon as a sandbox is free, in the order of the calls. */
  async run(event: Event): Promise<InvocationResult> {
    const tenantId = this.#options.definition.mixesTenants ? null : event.tenantId
    if (this.#free > 0) this.#free--
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
    try {
      for (;;) {
        const sandbox =
          this.#takeIdle(tenantId) ??
          (await (this.#mayWait(tenantId) ? this.#awaitBusy(tenantId) : this.#start(tenantId)))
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

  /** Sandboxes whose process has started. */
  sandboxes() {
    const started = [...this.#all].filter(({ pid }) => pid > 0)
    return started.map(({ id, pid, tenantId }) => ({ id, pid, tenantId }))
  }

  async close() {
    this.#closed = true
    for (const timer of this.#idle.values()) clearTimeout(timer)
    for (const { tenantId, resolve } of this.#forBusy.splice(0)) resolve(this.#start(tenantId))
    await Promise.all([...this.#all].map(sandbox => sandbox.end()))
  }

  async #start(tenantId: string | null) {
    this.#assertOpen()
    const onEnd = () => this.#remove(sandbox)
    const sandbox: Sandbox = new Sandbox({ ...this.#options, tenantId, onEnd })
    this.#all.add(sandbox)
    await this.#makeRoom()
    this.#assertOpen()
    await sandbox.start()
    if (this.#closed) await sandbox.end()
    return sandbox
  }

  #assertOpen() {
    if (this.#closed) throw new Error('The pool is closed')
  }

  /** Ends an idle sandbox of another tenant if there are too many. Lambda keeps 2.5 times as many as may run concurrently. */
  async #makeRoom() {
    const [oldest] = this.#idle.keys()
    if (oldest && this.#all.size > this.#options.definition.concurrency) await this.#stopIdling(oldest).end()
  }

  #mayWait(tenantId: string | null) {
    const { sharesSandboxes } = this.#options.definition
    return sharesSandboxes === true && [...this.#all].some(sandbox => sandbox.tenantId === tenantId)
  }

  #awaitBusy(tenantId: string | null): Promise<Sandbox> {
    return new Promise(resolve => {
      this.#forBusy.push({ tenantId, resolve })
      this.#growth ??= setTimeout(() => this.#grow(), this.#busyMs).unref()
    })
  }

  /** Starts one sandbox for the events that wait, unless another is just starting. */
  #grow() {
    this.#growth = undefined
    if (![...this.#all].some(({ warm }) => !warm)) {
      const next = this.#forBusy.shift()
      next?.resolve(this.#start(next.tenantId))
    }
    if (this.#forBusy.length > 0) this.#growth = setTimeout(() => this.#grow(), this.#busyMs).unref()
  }

  #takeIdle(tenantId: string | null) {
    // The sandbox used last is the most likely to have warm caches.
    const sandbox = [...this.#idle.keys()].findLast(each => each.tenantId === tenantId)
    return sandbox && this.#stopIdling(sandbox)
  }

  #stopIdling(sandbox: Sandbox) {
    clearTimeout(this.#idle.get(sandbox))
    this.#idle.delete(sandbox)
    return sandbox
  }

  #takeWaiting(tenantId: string | null) {
    const index = this.#forBusy.findIndex(each => each.tenantId === tenantId)
    return index < 0 ? undefined : this.#forBusy.splice(index, 1)[0]
  }

  #release(sandbox: Sandbox) {
    if (!sandbox.alive) return
    const next = this.#takeWaiting(sandbox.tenantId)
    if (next) next.resolve(sandbox)
    else this.#idle.set(sandbox, setTimeout(() => void sandbox.end(), this.#idleMs).unref())
  }

  #remove(sandbox: Sandbox) {
    this.#all.delete(this.#stopIdling(sandbox))
    const { tenantId } = sandbox
    if (!this.#mayWait(tenantId)) this.#takeWaiting(tenantId)?.resolve(this.#start(tenantId))
  }
}
