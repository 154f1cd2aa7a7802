const MAX_WINDOW = 255

/**
 * The Aho–Corasick automaton (1975) over bytes: finds all patterns in one pass whose cost depends only on the text.
 * A state represents the longest suffix of the text read so far that is a prefix of a pattern. Children are linked
 * lists, because patterns may be long (keys) and a full transition table would be large.
 */
export class PatternMatcher {
  /** The state's depth: how many of the last bytes could still become part of a match. */
  readonly depth: Int32Array
  /** The length of the longest pattern that ends in a state, or 0. */
  readonly matched: Int32Array
  readonly #byte: Uint8Array
  readonly #child: Int32Array
  readonly #sibling: Int32Array
  readonly #fallback: Int32Array
  readonly #root = new Int32Array(256)
  /** The length of the shortest pattern. */
  readonly #window: number
  readonly #shifts: Uint8Array
  #states = 1

  constructor(patterns: Iterable<Uint8Array>) {
    const list = [...patterns].filter(pattern => pattern.length > 0)
    const size = 1 + list.reduce((sum, pattern) => sum + pattern.length, 0)
    this.#byte = new Uint8Array(size)
    this.#child = new Int32Array(size)
    this.#sibling = new Int32Array(size)
    this.#fallback = new Int32Array(size)
    this.depth = new Int32Array(size)
    this.matched = new Int32Array(size)
    for (const pattern of list) this.#add(pattern)
    this.#linkFallbacks()
    this.#window = Math.min(MAX_WINDOW, ...list.map(({ length }) => length))
    this.#shifts = shiftsOf(list, this.#window)
  }

  /** The state after reading `byte` in `state`. The initial state is 0. */
  next(state: number, byte: number): number {
    for (let from = state; from !== 0; from = this.#fallback[from] as number) {
      const child = this.#childOf(from, byte)
      if (child !== 0) return child
    }
    return this.#root[byte] as number
  }

  /**
   * A position in `[from, end]` before which no pattern begins: in most texts, most of them. Reads one of several bytes,
   * like Wu and Manber's algorithm (1994) with blocks of two bytes.
   */
  skip(bytes: Uint8Array, from: number, end: number): number {
    const window = this.#window
    const shifts = this.#shifts
    if (this.#states === 1) return end
    if (window === 1) return this.#skipSingly(bytes, from, end)
    let last = from + window - 1
    while (last < end) {
      const shift = shifts[((bytes[last - 1] as number) << 8) | (bytes[last] as number)] as number
      if (shift === 0) break
      last += shift
    }
    return last - window + 1
  }

  #skipSingly(bytes: Uint8Array, from: number, end: number): number {
    let at = from
    while (at < end && this.#root[bytes[at] as number] === 0) at++
    return at
  }

  #childOf(state: number, byte: number): number {
    let child = this.#child[state] as number
    while (child !== 0 && this.#byte[child] !== byte) child = this.#sibling[child] as number
    return child
  }

  #add(pattern: Uint8Array) {
    let state = 0
    for (const byte of pattern) {
      const known = state === 0 ? (this.#root[byte] as number) : this.#childOf(state, byte)
      state = known === 0 ? this.#addState(state, byte) : known
    }
    this.matched[state] = pattern.length
  }

  #addState(parent: number, byte: number): number {
    const state = this.#states++
    this.#byte[state] = byte
    this.#sibling[state] = this.#child[parent] as number
    this.#child[parent] = state
    this.depth[state] = (this.depth[parent] as number) + 1
    if (parent === 0) this.#root[byte] = state
    return state
  }

  /** Breadth first: a fallback is always shallower, so it is complete before it is needed. */
  #linkFallbacks() {
    const queue = [0]
    for (const state of queue) {
      for (let child = this.#child[state] as number; child !== 0; child = this.#sibling[child] as number) {
        const fallback =
          state === 0 ? 0 : this.next(this.#fallback[state] as number, this.#byte[child] as number)
        this.#fallback[child] = fallback
        // A shorter pattern may end inside a longer one.
        this.matched[child] ||= this.matched[fallback] as number
        queue.push(child)
      }
    }
  }
}

/**
 * How far a window can move to the right, for each pair of bytes (`first << 8 | second`) at its end. 0 if a pattern's
 * beginning ends with them.
 */
function shiftsOf(patterns: readonly Uint8Array[], window: number): Uint8Array {
  const shifts = new Uint8Array(65_536).fill(window - 1)
  for (const pattern of patterns)
    for (let end = 1; end < window; end++) {
      const pair = ((pattern[end - 1] as number) << 8) | (pattern[end] as number)
      shifts[pair] = Math.min(shifts[pair] as number, window - 1 - end)
    }
  return shifts
}
