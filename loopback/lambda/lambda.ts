import { randomUUID } from 'node:crypto'
import { UserError } from '../../src/model/user-error.ts'
import { type Clock, systemClock } from '../clock.ts'
import { AsyncQueue } from './async-queue.ts'
import { type FunctionDefinition, functionArn, type Location, type OnLog } from './definition.ts'
import { type EventStore, openEventStore } from './event-store.ts'
import { type FunctionUrl, serveFunctionUrl } from './function-url.ts'
import { IdleWatch } from './idle-watch.ts'
import type { InvocationResult } from './invocation-result.ts'
import { SandboxPool } from './sandbox-pool.ts'

export type LambdaOptions = {
  functions: FunctionDefinition[]
  /** Where the asynchronous queue is kept. */
  directory: string
  region?: string
  account?: string
  onLog?: OnLog
  clock?: Clock
  /** Before the first and the second retry; default one and two minutes, as Lambda waits. */
  retryDelaysMs?: readonly number[]
  /** How long a sandbox without work is kept; default five minutes. */
  idleMs?: number
}

export type Lambda = {
  /** Resolves with the request id once the event is kept on disk. */
  invokeAsync(name: string, payload: unknown): Promise<string>
  /** Waits for a sandbox where Lambda would answer that there are too many requests. */
  invoke(name: string, payload: unknown): Promise<InvocationResult>
  functionUrl(name: string, port?: number): Promise<FunctionUrl>
  arn(name: string): string
  /** Resolves when no event is queued or running. */
  idle(): Promise<void>
  sandboxes(name: string): { id: string; pid: number }[]
  /** Ends all sandboxes; queued events, and those that ran, go on at the next start. */
  close(): Promise<void>
}

const MINUTE_MS = 60_000
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const ASYNC_PAYLOAD_LIMIT = 1024 * 1024

/** Hosts functions as Lambda does: the Runtime API in front of one child process for each sandbox. */
export async function startLambda(options: LambdaOptions): Promise<Lambda> {
  const location = { region: options.region ?? 'us-east-1', account: options.account ?? '000000000000' }
  for (const { name, onFailure } of options.functions)
    if (typeof onFailure === 'string' && !options.functions.some(other => other.name === onFailure))
      throw new UserError(`${name} has the failure destination ${onFailure}, but there is no such function.`)
  const store = openEventStore(options.directory)
  const urls = new Set<FunctionUrl>()
  const idle = new IdleWatch(() => [...hosted.values()].every(({ queue }) => queue.isEmpty))
  const hosted = hostFunctions(options, location, store, () => idle.check())
  const find = (name: string) => {
    const found = hosted.get(name)
    if (found) return found
    throw new UserError(`There is no function ${name}; the functions are ${[...hosted.keys()].join(', ')}.`)
  }
  // What the last process left behind.
  for (const { queue } of hosted.values()) queue.resume()

  const invoke = async (name: string, payload: unknown) => {
    const event = { requestId: randomUUID(), payload: JSON.stringify(payload) ?? 'null' }
    const { pool } = find(name)
    const result = await idle.during(() => pool.run(event))
    for (const { queue } of hosted.values()) queue.pump()
    return result
  }
  return {
    invoke,
    invokeAsync: async (name, payload) => {
      const text = JSON.stringify(payload) ?? 'null'
      if (Buffer.byteLength(text) > ASYNC_PAYLOAD_LIMIT)
        throw new UserError(`An event for ${name} is larger than 1 MB, the most that Lambda queues.`)
      return find(name).queue.accept(text)
    },
    functionUrl: async (name, port) => {
      find(name)
      const url = await serveFunctionUrl(event => invoke(name, event), location, port)
      urls.add(url)
      return url
    },
    arn: name => functionArn(location, name),
    idle: () => idle.wait(),
    sandboxes: name => find(name).pool.sandboxes(),
    close: async () => {
      for (const { queue } of hosted.values()) queue.close()
      await Promise.all([...urls].map(url => url.close()))
      await Promise.all([...hosted.values()].map(({ pool }) => pool.close()))
      store.close()
    },
  }
}

function hostFunctions(options: LambdaOptions, location: Location, store: EventStore, onSettled: () => void) {
  const { onLog = () => {}, clock = systemClock, retryDelaysMs = [MINUTE_MS, 2 * MINUTE_MS] } = options
  const hosted = new Map<string, { pool: SandboxPool; queue: AsyncQueue }>()
  // On one machine, whoever waits for an answer goes before what nobody waits for.
  const isPaused = () => [...hosted.values()].some(({ pool }) => pool.hasWaiters)
  for (const definition of options.functions) {
    const pool = new SandboxPool({ definition, location, onLog }, options.idleMs ?? 5 * MINUTE_MS)
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
    hosted.set(definition.name, { pool, queue })
  }
  return hosted
}
