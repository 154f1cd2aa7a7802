import { groupMarkerAt, MARKER_BYTES } from './group-marker.ts'

const LINE_FEED = 0x0a

/** @param line the number of lines that end before the marker's */
export type FoundMarker = (kind: 'start' | 'end', line: number) => void
/** Opens some lines. Returns a function that finds a position in the next line, from a given one on, that may have a marker, or -1. */
export type OpenLines = (bytes: Uint8Array) => (lineStart: number) => number

/** Finds the lines of an output that start and end groups, however it is cut into pieces. Takes linear time. */
export class GroupFinder {
  readonly #found: FoundMarker
  readonly #openLines: OpenLines
  /** The start of the line that the next piece continues, as far as a marker may reach. */
  readonly #start = new Uint8Array(MARKER_BYTES)
  #length = 0

  constructor(found: FoundMarker, openLines: OpenLines) {
    this.#found = found
    this.#openLines = openLines
  }

  /** @param line how many lines end before the piece */
  add(bytes: Uint8Array, line: number): void {
    const first = bytes.indexOf(LINE_FEED)
    this.#continue(bytes.subarray(0, first < 0 ? bytes.length : first))
    if (first < 0) return
    this.#endStart(line)
    const last = bytes.lastIndexOf(LINE_FEED) + 1
    this.#findIn(bytes.subarray(0, last), first + 1, line + 1)
    this.#continue(bytes.subarray(last))
  }

  /** Ends the unfinished line. */
  end(line: number): void {
    this.#endStart(line)
  }

  #continue(bytes: Uint8Array): void {
    const added = bytes.subarray(0, MARKER_BYTES - this.#length)
    this.#start.set(added, this.#length)
    this.#length += added.length
  }

  #endStart(line: number): void {
    const kind = groupMarkerAt(this.#start.subarray(0, this.#length), 0)
    this.#length = 0
    if (kind) this.#found(kind, line)
  }

  /** Searches whole lines, of which one begins at `from`. */
  #findIn(bytes: Uint8Array, from: number, line: number): void {
    const find = this.#openLines(bytes)
    let [counted, lines] = [from, line]
    for (let at = find(from); at >= 0; ) {
      const near = Math.max(from, at - MARKER_BYTES)
      const start = near + bytes.subarray(near, at).lastIndexOf(LINE_FEED) + 1
      const kind = start > near || near === from ? groupMarkerAt(bytes, start) : null
      if (kind) {
        lines += countLineFeeds(bytes, counted, start)
        counted = start
        this.#found(kind, lines)
      }
      // Only the start of a line counts.
      const next = bytes.indexOf(LINE_FEED, at) + 1
      at = next === 0 ? -1 : find(next)
    }
  }
}

function countLineFeeds(bytes: Uint8Array, from: number, to: number): number {
  let count = 0
  for (let at = bytes.indexOf(LINE_FEED, from); at >= 0 && at < to; at = bytes.indexOf(LINE_FEED, at + 1))
    count += 1
  return count
}
