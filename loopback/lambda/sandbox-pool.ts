import { BusyQueue } from './busy-queue.ts'
import type { InvocationResult } from './invocation-result.ts'
import { type Event, Sandbox, type SandboxOptions } from './sandbox.ts'

/**
 * The sandboxes of one function. Keeps them warm, reuses them for the same tenant, and kills those that have been idle for a
 * while.
 */
export class SandboxPool {
  readonly #options: Omit<SandboxOptions, 'tenantId' | 'onEnd'>
  readonly #idleMs: number
  readonly #all = new Set<Sandbox>()
  readonly #idle = new Map<Sandbox, NodeJS.Timeout>()
  readonly #waiting: (() => void)[] = []
  readonly #forBusy: BusyQueue<Sandbox>
  #free: number
  #closed = false

  constructor(
    options: Omit<SandboxOptions, 'tenantId' | 'onEnd'>,
    { idleMs, busyMs }: { idleMs: number; busyMs: number },
  ) {
    this.#options = options
    this.#idleMs = idleMs
    this.#forBusy = new BusyQueue(busyMs, () => this.#grow())
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
          (await (this.#mayWait(tenantId) ? this.#forBusy.wait(tenantId) : this.#start(tenantId)))
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
    for (let next = this.#forBusy.takeFirst(); next; next = this.#forBusy.takeFirst())
      next.resolve(this.#start(next.tenantId))
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

  /** Starts one sandbox for the events that wait, unless another is just starting. */
  #grow() {
    if ([...this.#all].some(({ warm }) => !warm)) return
    const next = this.#forBusy.takeFirst()
    next?.resolve(this.#start(next.tenantId))
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

  #release(sandbox: Sandbox) {
    if (!sandbox.alive) return
    const next = this.#forBusy.takeOf(sandbox.tenantId)
    if (next) next.resolve(sandbox)
    else this.#idle.set(sandbox, setTimeout(() => void sandbox.end(), this.#idleMs).unref())
  }

  #remove(sandbox: Sandbox) {
    this.#all.delete(this.#stopIdling(sandbox))
    const { tenantId } = sandbox
    if (!this.#mayWait(tenantId)) this.#forBusy.takeOf(tenantId)?.resolve(this.#start(tenantId))
  }
}
