import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_EVERY_MS = 20

/** Why a command was stopped: its time was over, somebody wished it, or nobody takes its output any more. */
export type StopReason = 'deadline' | 'abort' | 'consumer'

/** What execa says about a process that has ended, or could not be started (`code`). */
export type LeaderEnd = {
  exitCode?: number | undefined
  signal?: string | undefined
  code?: string | undefined
  shortMessage?: string | undefined
}

type Leader = PromiseLike<LeaderEnd> & { pid?: number; kill(signal: 'SIGTERM' | 'SIGKILL'): boolean }

/** A command with all that it started, as far as that stayed in its process group. */
export class ProcessGroup {
  /** The leader's end; when it was stopped, the whole group's. */
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

  /** Why the leader was stopped; null if it ended by itself. */
  get stoppedBy(): StopReason | null {
    return this.#stoppedBy
  }

  /** SIGTERM to all, and SIGKILL to those that are still there after the grace. */
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
    for (let left = this.#graceMs; left > 0 && this.#isAlive(); left -= LOOK_EVERY_MS)
      await sleep(LOOK_EVERY_MS)
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
