import { type LogOutline, type LogPhase, MOST_GROUPS, MOST_TIMES } from '../model/log-outline.ts'
import { GroupFinder } from './group-finder.ts'
import { MarkerSearch } from './marker-search.ts'

const LINE_FEED = 0x0a

/** Records the parts of a log and the times of its lines, while it is written. */
export class OutlineRecorder {
  readonly #now: () => number
  readonly #startedAt: number
  readonly #phases: LogOutline['phases'] = [['fetch', 1, 0]]
  readonly #groups: LogOutline['groups'] = []
  #open: { line: number; at: number } | null = null
  #times: LogOutline['times'] = []
  /** At most one time is recorded in this many seconds. */
  #interval = 1
  #endsLine = true
  #lines = 0
  readonly #finder = new GroupFinder((kind, line) => this.#addMarker(kind, line + 1), new MarkerSearch().open)

  /** @param now a clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#startedAt = now()
  }

  /** Adds a piece of the log, with the number of lines that end before it and before its end. */
  add(bytes: Uint8Array, before: number, after: number): void {
    if (bytes.length === 0) return
    const first = before + (this.#endsLine ? 1 : 2)
    this.#endsLine = bytes.at(-1) === LINE_FEED
    this.#lines = after
    if (first <= after + (this.#endsLine ? 0 : 1)) this.#addTime(first)
    if (this.#groups.length < MOST_GROUPS) this.#finder.add(bytes, before)
  }

  /** From now on, everything written belongs to this phase. Begins with a line of the runner. */
  beginPhase(name: LogPhase): void {
    this.#endGroups()
    this.#phases.push([name, this.#lines + (this.#endsLine ? 1 : 2), this.#seconds()])
  }

  outline(): LogOutline {
    this.#endGroups()
    return { phases: this.#phases, groups: this.#groups, times: this.#times }
  }

  #seconds(): number {
    return Math.round((this.#now() - this.#startedAt) / 100) / 10
  }

  #addTime(line: number): void {
    const seconds = Math.floor((this.#now() - this.#startedAt) / 1000)
    const last = this.#times.at(-1)
    if (last && seconds - last[1] < this.#interval) return
    if (this.#times.length === MOST_TIMES) {
      this.#times = this.#times.filter((_, index) => index % 2 === 0)
      this.#interval *= 2
    }
    this.#times.push([line, seconds])
  }

  /** A group that starts within another one ends it. */
  #addMarker(kind: 'start' | 'end', line: number): void {
    this.#endGroup(kind === 'end' ? line : line - 1)
    if (kind === 'start' && this.#groups.length < MOST_GROUPS) this.#open = { line, at: this.#seconds() }
  }

  #endGroups(): void {
    this.#finder.end(this.#lines)
    this.#endGroup(this.#lines + (this.#endsLine ? 0 : 1))
  }

  /** A group without lines does not count. */
  #endGroup(line: number): void {
    const open = this.#open
    if (open && line > open.line)
      this.#groups.push([open.line, line, Math.max(0, Math.round((this.#seconds() - open.at) * 10) / 10)])
    this.#open = null
  }
}
