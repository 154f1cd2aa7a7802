import { GroupFinder } from '../../log/group-finder.ts'
import { groupMarkerAt, mayBeMarker } from '../../log/group-marker.ts'
import type { FoldOutline } from './folds.ts'
import type { LineTimes } from './line-times.ts'

const LINE_FEED = 0x0a
/** The runner begins a command within this many bytes. */
const HEAD_BYTES = 64 * 1024
const COMMAND = '▸ $ '
/** Further groups are not folded. */
const MOST_GROUPS = 2000

/** A log's outline, as far as its text shows it. The job records the outline only at its end. */
export class LiveOutline {
  readonly #startedAt: () => number | null
  readonly #times: LineTimes
  readonly #groups: [from: number, to: number, seconds: number | null][] = []
  #open: { line: number; at: number | null } | null = null
  #head = ''
  readonly #decoder = new TextDecoder()
  #commandAt: readonly [line: number, at: number | null] | null = null
  readonly #finder = new GroupFinder((kind, line) => this.#addMarker(kind, line + 1), openLines)
  /** Whether lines are read as they are written. The times of earlier lines are not known. */
  isCaughtUp = false

  /** @param startedAt when the job started, in ms since 1970 */
  constructor(startedAt: () => number | null, times: LineTimes) {
    this.#startedAt = startedAt
    this.#times = times
  }

  /** Adds the next bytes, with the number of lines that end before them. */
  add(bytes: Uint8Array, before: number, isWithinLine: boolean): void {
    const at = this.#now()
    if (at !== null && bytes.length > 0) this.#times.add(before + (isWithinLine ? 2 : 1), at)
    if (before === 0 || this.#head !== '') this.addHead(bytes)
    if (this.#groups.length < MOST_GROUPS) this.#finder.add(bytes, before)
  }

  /** Adds a part of the beginning of the log. */
  addHead(bytes: Uint8Array): void {
    if (this.#commandAt !== null || this.#head.length >= HEAD_BYTES) return
    this.#head += this.#decoder.decode(bytes.subarray(0, HEAD_BYTES), { stream: true })
    const index = this.#head.split('\n').findIndex(line => line.startsWith(COMMAND))
    if (index > 0) this.#commandAt = [index + 1, this.#now()]
  }

  get outline(): FoldOutline {
    const open = this.#open
    return {
      phases: this.#commandAt
        ? [
            ['setup', 1, 0],
            ['command', ...this.#commandAt],
          ]
        : [],
      groups: open ? [...this.#groups, [open.line, Number.POSITIVE_INFINITY, null]] : this.#groups,
    }
  }

  #now(): number | null {
    const startedAt = this.#startedAt()
    return this.isCaughtUp && startedAt !== null ? Math.max(0, (Date.now() - startedAt) / 1000) : null
  }

  #addMarker(kind: 'start' | 'end', line: number): void {
    const [open, at] = [this.#open, this.#now()]
    const last = kind === 'end' ? line : line - 1
    if (open && last > open.line)
      this.#groups.push([open.line, last, at === null || open.at === null ? null : at - open.at])
    this.#open = kind === 'start' ? { line, at } : null
  }
}

const openLines = (bytes: Uint8Array) => (from: number) => {
  for (let start = from; start < bytes.length; ) {
    if (mayBeMarker(bytes[start]) && groupMarkerAt(bytes, start)) return start
    const end = bytes.indexOf(LINE_FEED, start)
    if (end < 0) return -1
    start = end + 1
  }
  return -1
}
