import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 20

/** Why a command was stopped: its deadline, an abort signal, or a failure of the consumer of its output. */
export type StopReason = 'deadline' | 'abort' | 'consumer'

/** execa's result for a process that has ended, or could not be started (`code`). */
export type LeaderEnd = {
  exitCode?: number | undefined
  signal?: string | undefined
  code?: string | undefined
  shortMessage?: string | undefined
}

type Leader = PromiseLike<LeaderEnd> & { pid?: number; kill(signal: 'SIGTERM' | 'SIGKILL'): boolean }

/** A command and all processes that it started, unless they left its process group. */
export class ProcessGroup {
  /** Resolves when the leader has ended or, if it was stopped, the whole group. */
  readonly ended: Promise<LeaderEnd>
  readonly #leader: Leader
  readonly #graceMs: number
  #leaderEnded = false
  #stoppedBy: StopReason | null = null
  #stopping: Promise<void> | undefined

  constructor(leader: Leader, graceMs: number) {
    this.#leader = leader
    this.#graceMs = graceMs
    this.ended = this.#end()
  }

  /** The leader's process id. Undefined if it could not be started. */
  get id(): number | undefined {
    return this.#leader.pid
  }

  /** Null if the leader ended by itself. */
  get stoppedBy(): StopReason | null {
    return this.#stoppedBy
  }

  /** Sends SIGTERM to the group, and SIGKILL after the grace period. */
  stop(reason: StopReason) {
    if (this.#leaderEnded || this.#stopping) return
    this.#stoppedBy = reason
    this.#stopping = this.#stop()
  }

  kill() {
    this.#leader.kill('SIGKILL')
  }

  async #end(): Promise<LeaderEnd> {
    const result = await this.#leader
    this.#leaderEnded = true
    await this.#stopping
    return result
  }

  async #stop() {
    this.#leader.kill('SIGTERM')
    for (let left = this.#graceMs; left > 0 && this.#isAlive(); left -= POLL_MS) await sleep(POLL_MS)
    this.kill()
  }

  #isAlive(): boolean {
    try {
      return this.#leader.pid !== undefined && process.kill(-this.#leader.pid, 0)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  }
}
