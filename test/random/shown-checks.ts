import type { CheckRun } from '../../src/github/checks.ts'
import type { CommitState } from '../../src/github/client.ts'

type Shown = { state: CommitState; description: string }

/**
 * Check runs as GitHub shows them: of a commit and name, the newest. An App may make them always, never, or from some moment on,
 * as the seed says.
 */
export class ShownChecks {
  /** By `commit name`. */
  readonly #runs = new Map<string, CheckRun[]>()
  readonly #shown: Map<string, Shown>
  /** A fault that must never occur. */
  readonly wrong: string[] = []
  #mayWrite: () => boolean = () => false

  constructor(shown: Map<string, Shown>) {
    this.#shown = shown
  }

  allow(mayWrite: () => boolean): void {
    this.#mayWrite = mayWrite
  }

  put = async (run: CheckRun, id: number | null): Promise<number | null> => {
    if (!this.#mayWrite()) return null
    const where = `${run.commit} ${run.name}`
    const runs = this.#runs.get(where) ?? []
    if (runs.length === 0 && this.#shown.has(where)) this.wrong.push(`${where} has a status and a check run.`)
    this.#runs.set(where, runs)
    const index = id === null ? indexOf(runs, run) : id - 1
    const before = runs[index]
    if (before?.conclusion && before.conclusion !== run.conclusion)
      this.wrong.push(`${where}: a completed check run gets another conclusion.`)
    if (before) runs[index] = run
    else runs.push(run)
    if (runs.slice(0, -1).some(({ conclusion }) => conclusion === null))
      this.wrong.push(`${where}: a check run stays open behind another one.`)
    const newest = runs.at(-1) ?? run
    this.#shown.set(where, { state: STATES[newest.conclusion ?? 'running'], description: newest.title })
    return before ? index + 1 : runs.length
  }

  /** A status was set. */
  onStatus(where: string): void {
    if (this.#runs.has(where)) this.wrong.push(`${where} has a check run and a status.`)
  }
}

/** The newest one, if it is about the same build. */
function indexOf(runs: readonly CheckRun[], { externalId, conclusion }: CheckRun): number {
  const newest = runs.at(-1)
  const isSame =
    newest?.externalId === externalId && (newest.conclusion === null || newest.conclusion === conclusion)
  return isSame ? runs.length - 1 : -1
}

const STATES: Record<NonNullable<CheckRun['conclusion']> | 'running', CommitState> = {
  ...({ running: 'pending', action_required: 'pending', success: 'success' } as const),
  ...({ failure: 'failure', timed_out: 'failure', cancelled: 'error' } as const),
}
