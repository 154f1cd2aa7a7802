import { randomUUID } from 'node:crypto'
import { UserError } from '../../src/model/user-error.ts'
import { type Clock, systemClock } from '../clock.ts'
import { AsyncQueue } from './async-queue.ts'
import {
  ASYNC_PAYLOAD_LIMIT,
  type FunctionDefinition,
  functionArn,
  type Location,
  type OnLog,
} from './definition.ts'
import { type EventStore, openEventStore } from './event-store.ts'
import { type FunctionUrl, serveFunctionUrl } from './function-url.ts'
import { IdleWatch } from './idle-watch.ts'
import type { InvocationResult } from './invocation-result.ts'
import { SandboxPool } from './sandbox-pool.ts'
import { assertTenant } from './tenant.ts'

export type LambdaOptions = {
  functions: FunctionDefinition[]
  /** The directory of the asynchronous queue. */
  directory: string
  region?: string
  account?: string
  onLog?: OnLog
  clock?: Clock
  /** The delays before the first and the second retry; default one and two minutes, as in Lambda. */
  retryDelaysMs?: readonly number[]
  /** How long an idle sandbox is kept; default five minutes. */
  idleMs?: number
  /** How long an event waits for a busy sandbox if its function shares them; default 300 ms, which is usually less than a start. */
  busyMs?: number
  /** Queued events wait until this has settled. */
  resumeAfter?: Promise<unknown>
}

export type Lambda = {
  /**
   * Resolves with the request id once the event is stored on disk. Functions that isolate tenants require a tenant id, and others do not
   * allow one.
   */
  invokeAsync(name: string, payload: unknown, tenantId?: string): Promise<string>
  /** Waits for a free sandbox. Lambda would return TooManyRequestsException. */
  invoke(name: string, payload: unknown, tenantId?: string): Promise<InvocationResult>
  functionUrl(name: string, port?: number): Promise<FunctionUrl>
  arn(name: string): string
  /** Resolves once no event is queued or running. */
  idle(): Promise<void>
  sandboxes(name: string): { id: string; pid: number; tenantId: string | null }[]
  /** Kills all sandboxes. The next start resumes queued and interrupted events. */
  close(): Promise<void>
}

const MINUTE_MS = 60_000
const BUSY_MS = 300

/**
 * Hosts functions as Lambda does, with one child process and one Runtime API per sandbox.
 * @throws UserError if a failure destination does not exist, or another process uses the directory
 */
export async function startLambda(options: LambdaOptions): Promise<Lambda> {
  const location = { region: options.region ?? 'us-east-1', account: options.account ?? '000000000000' }
  assertDestinations(options.functions)
  const store = openEventStore(options.directory)
  const urls = new Set<FunctionUrl>()
  const idle = new IdleWatch(() => [...hosted.values()].every(({ queue }) => queue.isEmpty))
  const hosted = hostFunctions(options, location, store, {
    isHeld: () => isHeld,
    onSettled: () => idle.check(),
  })
  const find = (name: string) => {
    const found = hosted.get(name)
    if (found) return found
    throw new UserError(`There is no function ${name}. The functions are ${[...hosted.keys()].join(', ')}.`)
  }

  let isClosed = false
  let isHeld = options.resumeAfter !== undefined
  const resume = () => {
    isHeld = false
    if (!isClosed) for (const { queue } of hosted.values()) queue.resume()
  }
  if (options.resumeAfter) void options.resumeAfter.finally(resume)
  else resume()

  const invoke = async (name: string, payload: unknown, tenantId: string | null = null) => {
    const event = { requestId: randomUUID(), payload: JSON.stringify(payload) ?? 'null', tenantId }
    const { pool, definition } = find(name)
    assertTenant(definition, tenantId)
    const result = await idle.track(() => pool.run(event))
    for (const { queue } of hosted.values()) queue.pump()
    return result
  }
  return {
    invoke,
    invokeAsync: async (name, payload, tenantId) => {
      const text = JSON.stringify(payload) ?? 'null'
      if (Buffer.byteLength(text) > ASYNC_PAYLOAD_LIMIT)
        throw new UserError(
          `An event for ${name} is larger than 1 MB, the limit of Lambda's asynchronous queue.`,
        )
      const { queue, definition } = find(name)
      assertTenant(definition, tenantId ?? null)
      return queue.accept(text, tenantId ?? null)
    },
    functionUrl: async (name, port) => {
      if (find(name).definition.isolatesTenants)
        throw new UserError(`${name} isolates tenants, so it cannot have a function URL.`)
      const url = await serveFunctionUrl(event => invoke(name, event), location, port)
      urls.add(url)
      return url
    },
    arn: name => functionArn(location, name),
    idle: () => idle.wait(),
    sandboxes: name => find(name).pool.sandboxes(),
    close: async () => {
      isClosed = true
      for (const { queue } of hosted.values()) queue.close()
      await Promise.all([...urls].map(url => url.close()))
      await Promise.all([...hosted.values()].map(({ pool }) => pool.close()))
      store.close()
    },
  }
}

function assertDestinations(functions: FunctionDefinition[]) {
  for (const { name, onFailure } of functions) {
    if (typeof onFailure !== 'string') continue
    const destination = functions.find(other => other.name === onFailure)
    const start = `The failure destination of ${name} is ${onFailure}`
    if (!destination) throw new UserError(`${start}, but there is no such function.`)
    if (destination.isolatesTenants)
      throw new UserError(`${start}, which isolates tenants. Failure records have no tenant.`)
  }
}

function hostFunctions(
  options: LambdaOptions,
  location: Location,
  store: EventStore,
  { isHeld, onSettled }: { isHeld: () => boolean; onSettled: () => void },
) {
  const { onLog = () => {}, clock = systemClock, retryDelaysMs = [MINUTE_MS, 2 * MINUTE_MS] } = options
  const hosted = new Map<string, { definition: FunctionDefinition; pool: SandboxPool; queue: AsyncQueue }>()
  // On one machine, synchronous invocations go before queued events.
  const isPaused = () => isHeld() || [...hosted.values()].some(({ pool }) => pool.hasWaiters)
  const waits = { idleMs: options.idleMs ?? 5 * MINUTE_MS, busyMs: options.busyMs ?? BUSY_MS }
  for (const definition of options.functions) {
    const pool = new SandboxPool({ definition, location, onLog }, waits)
    const queue = new AsyncQueue({
      definition,
      location,
      store,
      clock,
      delaysMs: retryDelaysMs,
      onLog,
      run: event => pool.run(event),
      isPaused,
      onForwarded: name => hosted.get(name)?.queue.pump(),
      onSettled,
    })
    hosted.set(definition.name, { definition, pool, queue })
  }
  return hosted
}
