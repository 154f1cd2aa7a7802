import { randomUUID } from 'node:crypto'
import { Alarm, type Clock } from '../clock.ts'
import { type Condition, decide, expiryOf, failureRecord, type RetryPolicy } from './async-policy.ts'
import { type FunctionDefinition, functionArn, type Location, type OnLog } from './definition.ts'
import type { EventStore } from './event-store.ts'
import { exited, failed, type InvocationResult } from './invocation-result.ts'
import type { Event } from './sandbox.ts'

export type QueueOptions = {
  definition: FunctionDefinition
  location: Location
  store: EventStore
  clock: Clock
  delaysMs: readonly number[]
  run(event: Event): Promise<InvocationResult>
  /** Whether synchronous invocations are waiting, which go first. Call `pump` when that changes. */
  isPaused(): boolean
  /** Called after a failure record has been queued for another function. */
  onForwarded(functionName: string): void
  onLog: OnLog
  onSettled(): void
}

const SIX_HOURS_S = 6 * 60 * 60

/**
 * The asynchronous events of one function. Runs each event at least once, retries failures, and sends a record of
 * each event that it discards to the failure destination.
 */
export class AsyncQueue {
  readonly #options: QueueOptions
  readonly #policy: RetryPolicy
  readonly #alarm: Alarm
  readonly #inFlight = new Set<string>()
  #closed = false

  constructor(options: QueueOptions) {
    const { definition, delaysMs, clock } = options
    this.#options = options
    this.#policy = {
      maxRetries: definition.maximumRetryAttempts ?? 2,
      maxAgeMs: (definition.maximumEventAgeSeconds ?? SIX_HOURS_S) * 1000,
      delaysMs,
    }
    this.#alarm = new Alarm(clock, () => this.pump())
  }

  /** Stores the event on disk, then returns its request id. */
  accept(payload: string, tenantId: string | null): string {
    const requestId = randomUUID()
    const { store, definition, clock } = this.#options
    store.insert({ requestId, functionName: definition.name, payload, tenantId, acceptedAt: clock.now() })
    this.pump()
    return requestId
  }

  get isEmpty() {
    return this.#options.store.waiting(this.#options.definition.name).length === 0
  }

  close() {
    this.#closed = true
    this.#alarm.set(null)
  }

  /**
   * Resumes the events of an earlier host. An interrupted invocation counts as failed, so its event runs again only
   * if a retry is left.
   */
  resume() {
    const { store, definition } = this.#options
    for (const { requestId, dueAt } of store.waiting(definition.name)) {
      const { invocations, failures } = store.read(requestId)
      if (invocations <= failures || failures < this.#policy.maxRetries) continue
      const result = exited(requestId, null, 'SIGTERM')
      if (!result.ok) store.retry(requestId, result.error, dueAt)
      this.#track(requestId, () => this.#discard(requestId, 'RetriesExhausted'))
    }
    this.pump()
  }

  /** Starts events that are due, discards events that are too old, and sets the alarm for the next of either. */
  pump() {
    if (this.#closed || this.#options.isPaused()) return
    const { store, definition, clock } = this.#options
    let nextAt: number | null = null
    for (const { requestId, acceptedAt, dueAt } of store.waiting(definition.name)) {
      if (this.#inFlight.has(requestId)) continue
      const expiry = expiryOf({ acceptedAt }, this.#policy)
      if (expiry <= clock.now()) this.#track(requestId, () => this.#discard(requestId, 'EventAgeExceeded'))
      else if (dueAt <= clock.now() && this.#inFlight.size < definition.concurrency)
        this.#track(requestId, () => this.#attempt(requestId))
      else nextAt = Math.min(nextAt ?? Infinity, dueAt <= clock.now() ? expiry : Math.min(dueAt, expiry))
    }
    this.#alarm.set(nextAt)
  }

  async #track(requestId: string, work: () => Promise<void>) {
    this.#inFlight.add(requestId)
    try {
      await work()
    } catch (error) {
      if (!this.#closed) this.#options.onLog(this.#options.definition.name, requestId, String(error))
    }
    this.#inFlight.delete(requestId)
    this.pump()
    if (!this.#closed) this.#options.onSettled()
  }

  async #attempt(requestId: string) {
    const { store, clock, run } = this.#options
    store.begin(requestId)
    const event = store.read(requestId)
    const result = await run(event).catch(error => failed('Sandbox.StartError', String(error)))
    // If close() killed the sandbox, the event stays in the queue; resume() handles it after a restart.
    if (this.#closed) return
    const decision = decide(result, event.failures + 1, this.#policy, clock.now())
    if (!result.ok)
      store.retry(requestId, result.error, decision.kind === 'retry' ? decision.dueAt : event.dueAt)
    if (decision.kind === 'done') store.remove(requestId)
    if (decision.kind === 'discard') await this.#discard(requestId, decision.condition)
  }

  async #discard(requestId: string, condition: Condition) {
    const { store, definition, location, clock, onForwarded } = this.#options
    const { onFailure, name } = definition
    const now = clock.now()
    const record = failureRecord(store.read(requestId), functionArn(location, name), condition, now)
    if (typeof onFailure === 'string') {
      const payload = JSON.stringify(record)
      const next = {
        requestId: randomUUID(),
        functionName: onFailure,
        payload,
        tenantId: null,
        acceptedAt: now,
      }
      store.replace(requestId, next)
      return onForwarded(onFailure)
    }
    try {
      await onFailure?.(record)
    } finally {
      store.remove(requestId)
    }
  }
}
