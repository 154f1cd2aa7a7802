import type { LogPhase } from '../../model/log-outline.ts'
import { type LineRange, RowMap } from './row-map.ts'

export type FoldKind = LogPhase | 'group'
/**
 * Lines of which all but the first can be hidden. The last is infinite while it is not known.
 * @property seconds how long it took; null while it is not known
 * @property isEarlier whether another command of the same shell comes after it
 */
export type Fold = LineRange & {
  kind: FoldKind
  seconds: number | null
  state: 'passed' | 'failed' | 'running'
  isEarlier: boolean
}

/** The phases and groups of a log. Their times are null if they are not known. */
export type FoldOutline = {
  phases: readonly (readonly [kind: LogPhase, line: number, at: number | null])[]
  groups: readonly (readonly [from: number, to: number, seconds: number | null])[]
}

/** The facts on which the folds of a log depend. */
export type FoldFacts = {
  outline: FoldOutline
  hasEnded: boolean
  /** From the start of the job to its end; null while it is not known. */
  seconds: number | null
  hasFailed: boolean
  /** The line that names the failure. */
  failureLine: number | null
}

/** The phases of a job, and the groups in them, in order. Impossible ranges that a job has written are left out. */
export function foldsOf(facts: FoldFacts): Fold[] {
  const phases = phasesOf(facts)
  const groups = groupsOf(facts, phases)
  return [...phases, ...groups].toSorted((one, other) => one.from - other.from || other.to - one.to)
}

function phasesOf({ outline, hasEnded, seconds, hasFailed }: FoldFacts): Fold[] {
  const starts: FoldOutline['phases'][number][] = []
  for (const phase of outline.phases) if (phase[1] > (starts.at(-1)?.[1] ?? 0)) starts.push(phase)
  // The whole log is not a fold.
  if (starts.length < 2 || starts[0]?.[1] !== 1) return []
  const failed = hasFailed ? starts.findLastIndex(([kind]) => kind !== 'results') : -1
  return starts.map(([kind, from, at], index): Fold => {
    const next = starts[index + 1]
    const end = next ? next[2] : seconds
    const isRunning = !next && !hasEnded
    return {
      ...{ kind, from, to: next ? next[1] - 1 : Number.POSITIVE_INFINITY },
      seconds: end === null || at === null ? null : Math.max(0, end - at),
      state: isRunning ? 'running' : index === failed ? 'failed' : 'passed',
      isEarlier: next?.[0] === kind,
    }
  })
}

function groupsOf({ outline, hasEnded, hasFailed, failureLine }: FoldFacts, phases: readonly Fold[]): Fold[] {
  let end = 0
  const groups: Fold[] = []
  for (const [from, to, seconds] of outline.groups) {
    const phase = phases.findLast(each => each.from < from)
    if (from <= end || to <= from || (phase && to > phase.to)) continue
    end = to
    const isRunning = to === Number.POSITIVE_INFINITY && !hasEnded
    const isLastOfFailed = phase?.state === 'failed' && to === phase.to
    const hasFailure = hasFailed && failureLine !== null && failureLine >= from && failureLine <= to
    const state = isRunning ? 'running' : isLastOfFailed || hasFailure ? 'failed' : 'passed'
    groups.push({ kind: 'group', from, to, seconds: isRunning ? null : seconds, state, isEarlier: false })
  }
  return groups
}

/** Whether a reader finds a fold open: the last command, the end of the job, and everything that runs or has failed. */
export function isOpenAtFirst({ kind, state, isEarlier }: Fold): boolean {
  if (kind === 'group') return state !== 'passed'
  return state === 'failed' || !(kind === 'fetch' || kind === 'setup' || isEarlier)
}

/** The folds of a log, and which of them are open. */
export class Folds {
  #folds: readonly Fold[] = []
  #byLine = new Map<number, Fold>()
  /** Whether the reader has opened or closed a fold, by its first line. */
  readonly #chosen = new Map<number, boolean>()
  rows = new RowMap([])

  get all(): readonly Fold[] {
    return this.#folds
  }

  /**
   * @param folds sorted: one that contains another comes before it
   * @param read the lines that the reader sees, which stay open
   */
  set(folds: readonly Fold[], read: LineRange | null = null): void {
    for (const fold of read === null ? [] : folds) {
      const [from, to] = [Math.max(fold.from + 1, read?.from ?? 0), Math.min(fold.to, read?.to ?? 0)]
      // At least one of these lines is not hidden.
      if (from <= to && this.rows.rowOf(to) > this.rows.rowOf(from - 1)) this.#chosen.set(fold.from, true)
    }
    this.#folds = folds
    this.#byLine = new Map(folds.map(fold => [fold.from, fold]))
    this.#hide()
  }

  /** The fold that begins with this line. */
  at(line: number): Fold | null {
    return this.#byLine.get(line) ?? null
  }

  isOpen(fold: Fold): boolean {
    return this.#chosen.get(fold.from) ?? isOpenAtFirst(fold)
  }

  toggle(fold: Fold): void {
    this.#chosen.set(fold.from, !this.isOpen(fold))
    this.#hide()
  }

  /** Opens all folds that hide a line. */
  reveal(line: number): void {
    if (!this.rows.isHidden(line)) return
    for (const fold of this.#folds) if (fold.from < line && line <= fold.to) this.#chosen.set(fold.from, true)
    this.#hide()
  }

  /** The number of rows of a log with this many lines. */
  rowCount(lineCount: number): number {
    return this.rows.rowOf(lineCount)
  }

  #hide(): void {
    const hidden: LineRange[] = []
    for (const fold of this.#folds) {
      // The contents of a closed fold are hidden with it.
      if (this.isOpen(fold) || fold.to === fold.from || fold.from <= (hidden.at(-1)?.to ?? 0)) continue
      hidden.push({ from: fold.from + 1, to: fold.to })
    }
    this.rows = new RowMap(hidden)
  }
}
