import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { FUNCTIONS, isPackage } from '../../src/cli/installation.ts'
import { type FunctionDefinition, functionArn, type Location, type OnLog } from './definition.ts'
import { exited, type FunctionError, failed, type InvocationResult, timedOut } from './invocation-result.ts'
import { type Invocation, type RuntimeApi, type RuntimeListener, serveRuntimeApi } from './runtime-api.ts'
import { sandboxEnvironment, traceId } from './sandbox-environment.ts'
import { killSandbox, newSandboxId } from './sandbox-processes.ts'

export type Event = { requestId: string; payload: string; tenantId: string | null }
export type SandboxOptions = {
  definition: FunctionDefinition
  location: Location
  /** The tenant that it serves; null if the function does not isolate tenants. */
  tenantId: string | null
  onLog: OnLog
  onEnd: () => void
}

type ActiveInvocation = {
  event: Event
  /** Whether the runtime has received the event. */
  taken: boolean
  timer: NodeJS.Timeout | undefined
  resolve(result: InvocationResult | 'gone'): void
}

const BOOTSTRAP = isPackage
  ? join(FUNCTIONS, 'bootstrap', 'index.js')
  : join(import.meta.dirname, 'bootstrap.ts')
/** Lambda's limit for the initialisation; if exceeded, Lambda repeats it within the function's timeout. */
const INIT_MS = 10_000

/** One runtime process and all processes that it starts. Runs one event at a time. */
export class Sandbox implements RuntimeListener {
  readonly id = newSandboxId()
  readonly #options: SandboxOptions
  #api: RuntimeApi | undefined
  #child: ChildProcess | undefined
  #respond: ((invocation: Invocation) => void) | null = null
  #run: ActiveInvocation | null = null
  #lastRequest: string | null = null
  /** Set before the sandbox is killed on purpose, as the result of its event. */
  #forcedResult: InvocationResult | null = null
  #warm = false
  /** Whether all of its processes were killed. */
  #isKilled = false

  constructor(options: SandboxOptions) {
    this.#options = options
  }

  get tenantId() {
    return this.#options.tenantId
  }

  get pid() {
    return this.#child?.pid ?? 0
  }

  async start() {
    const { definition, location, onEnd } = this.#options
    this.#api = await serveRuntimeApi(this)
    const child = spawn(process.execPath, [definition.bootstrap ?? BOOTSTRAP], {
      detached: true,
      env: sandboxEnvironment(definition, location, this.id, this.#api.address),
      // Nothing is written to the last pipe. It closes when this process exits for any reason.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    for (const output of [child.stdout, child.stderr]) if (output) this.#log(output)
    once(child, 'exit')
      .then(
        ([code, signal]) => this.#onExit(exited(this.#run?.event.requestId ?? '', code, signal)),
        (error: Error) =>
          this.#onExit({ ok: false, error: { errorType: error.name, errorMessage: error.message } }),
      )
      .finally(onEnd)
  }

  /**
   * Returns `'gone'` if the sandbox exited before it received the event, so that another sandbox can run it.
   * @throws Error if the event is another tenant's
   */
  async run(event: Event): Promise<InvocationResult | 'gone'> {
    const { mixesTenants = false } = this.#options.definition
    if (event.tenantId !== this.tenantId && !mixesTenants)
      throw new Error(`The sandbox ${this.id} serves another tenant`)
    // The process may have exited before its exit event was emitted.
    if (this.#child && this.alive && isZombie(this.pid)) await once(this.#child, 'exit')
    return new Promise(resolve => {
      // If a cold sandbox failed to start, a retry would also fail.
      if (!this.alive)
        return resolve(this.#warm ? 'gone' : failed('Sandbox.StartError', 'The sandbox did not start'))
      const { timeoutMs } = this.#options.definition
      this.#run = { event, taken: false, timer: undefined, resolve }
      this.#armTimeout(INIT_MS + timeoutMs)
      this.#dispatch()
    })
  }

  /** Whether the runtime has asked for an event, so that the start is over. */
  get warm() {
    return this.#warm
  }

  get alive() {
    const child = this.#child
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Kills all processes of the sandbox. */
  async end() {
    if (!this.alive || !this.#child) return
    const exit = once(this.#child, 'exit')
    this.#kill()
    await exit
  }

  next(respond: (invocation: Invocation) => void) {
    this.#warm = true
    this.#respond = respond
    this.#dispatch()
  }

  finished(requestId: string, result: InvocationResult) {
    if (!this.#run?.taken || this.#run.event.requestId !== requestId) return false
    this.#finish(result)
    return true
  }

  initFailed(error: FunctionError) {
    this.#forcedResult = { ok: false, error }
    this.#kill()
  }

  #dispatch() {
    const [respond, run] = [this.#respond, this.#run]
    if (!respond || !run || run.taken) return
    const { name, timeoutMs } = this.#options.definition
    this.#respond = null
    run.taken = true
    this.#lastRequest = run.event.requestId
    this.#armTimeout(timeoutMs)
    const arn = functionArn(this.#options.location, name)
    respond({ ...run.event, deadline: Date.now() + timeoutMs, arn, traceId: traceId() })
  }

  #armTimeout(ms: number) {
    const run = this.#run
    if (!run) return
    clearTimeout(run.timer)
    run.timer = setTimeout(() => {
      this.#forcedResult = timedOut(run.event.requestId, this.#options.definition.timeoutMs)
      this.#kill()
    }, ms)
  }

  #finish(result: InvocationResult | 'gone') {
    const run = this.#run
    clearTimeout(run?.timer)
    this.#run = null
    run?.resolve(result)
  }

  #kill() {
    this.#isKilled = killSandbox(this.id, this.pid)
  }

  /** Kills the processes that the runtime left behind, then resolves the active invocation. */
  #onExit(exit: InvocationResult) {
    if (this.#child?.pid && !this.#isKilled) killSandbox(this.id, this.#child.pid, true)
    void this.#api?.close()
    const run = this.#run
    if (!run) return
    const result = this.#forcedResult ?? (this.#warm && !run.taken ? 'gone' : exit)
    if (result !== 'gone' && !result.ok)
      this.#options.onLog(this.#options.definition.name, run.event.requestId, result.error.errorMessage)
    this.#finish(result)
  }

  #log(output: Readable) {
    const { definition, onLog } = this.#options
    createInterface({ input: output }).on('line', line => onLog(definition.name, this.#lastRequest, line))
  }
}

/** False without /proc. https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function isZombie(pid: number): boolean {
  try {
    return /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
