/**
 * The Aho–Corasick automaton (1975) over bytes: finds all patterns in one pass whose cost depends only on the text.
 * A state represents the longest suffix of the text read so far that is a prefix of a pattern. Children are linked
 * lists, because patterns may be long (keys) and a full transition table would be large.
 */
export class PatternMatcher {
  /** How many of the last bytes could still become part of a longer match, by state. */
  readonly held: Int32Array
  /** The length of the longest pattern that ends in a state, or 0. */
  readonly matched: Int32Array
  /** The same for the other patterns. */
  readonly matchedOther: Int32Array
  /** The length of the longest pattern, at least 1. */
  readonly longest: number
  readonly #depth: Int32Array
  readonly #byte: Uint8Array
  readonly #child: Int32Array
  readonly #sibling: Int32Array
  readonly #fallback: Int32Array
  readonly #root = new Int32Array(256)
  /** The number of states after the initial one: those from 1 on. */
  readonly #firstStates: number
  /** Their children by byte. Nearly every byte may have one. */
  readonly #second: Int32Array
  #states = 1

  /** @param others patterns that are told apart */
  constructor(patterns: Iterable<Uint8Array>, others: Iterable<Uint8Array> = []) {
    const main = [...patterns].filter(({ length }) => length > 0)
    const other = [...others].filter(({ length }) => length > 0)
    const list = [...main, ...other]
    const size = 1 + list.reduce((sum, pattern) => sum + pattern.length, 0)
    this.#byte = new Uint8Array(size)
    this.#child = new Int32Array(size)
    this.#sibling = new Int32Array(size)
    this.#fallback = new Int32Array(size)
    this.#depth = new Int32Array(size)
    this.held = new Int32Array(size)
    this.matched = new Int32Array(size)
    this.matchedOther = new Int32Array(size)
    for (const [first] of list) if (this.#root[first as number] === 0) this.#addState(0, first as number)
    this.#firstStates = this.#states - 1
    this.#second = new Int32Array(256 * this.#states)
    for (const pattern of main) this.matched[this.#add(pattern)] = pattern.length
    for (const pattern of other) this.matchedOther[this.#add(pattern)] = pattern.length
    this.#linkFallbacks()
    this.longest = list.reduce((longest, { length }) => Math.max(longest, length), 1)
  }

  get isEmpty(): boolean {
    return this.#states === 1
  }

  /** The state after reading `byte` in `state`. The initial state is 0. */
  next(state: number, byte: number): number {
    for (let from = state; from !== 0; from = this.#fallback[from] as number) {
      const child = this.#childOf(from, byte)
      if (child !== 0) return child
    }
    return this.#root[byte] as number
  }

  #childOf(state: number, byte: number): number {
    if (state <= this.#firstStates) return this.#second[(state << 8) | byte] as number
    let child = this.#child[state] as number
    while (child !== 0 && this.#byte[child] !== byte) child = this.#sibling[child] as number
    return child
  }

  #add(pattern: Uint8Array): number {
    let state = 0
    for (const byte of pattern) {
      const known = state === 0 ? (this.#root[byte] as number) : this.#childOf(state, byte)
      state = known === 0 ? this.#addState(state, byte) : known
    }
    return state
  }

  #addState(parent: number, byte: number): number {
    const state = this.#states++
    this.#byte[state] = byte
    this.#sibling[state] = this.#child[parent] as number
    this.#child[parent] = state
    this.#depth[state] = (this.#depth[parent] as number) + 1
    if (parent === 0) this.#root[byte] = state
    else if (parent <= this.#firstStates) this.#second[(parent << 8) | byte] = state
    return state
  }

  /** Breadth-first: a fallback is always shallower, so it is complete before it is needed. */
  #linkFallbacks() {
    const queue = new Int32Array(this.#states)
    for (let at = 0, end = 1; at < end; at++) {
      const state = queue[at] as number
      const first = this.#child[state] as number
      const isEnd = state !== 0 && first === 0
      this.held[state] = (isEnd ? this.held[this.#fallback[state] as number] : this.#depth[state]) as number
      for (let child = first; child !== 0; child = this.#sibling[child] as number) {
        const fallback =
          state === 0 ? 0 : this.next(this.#fallback[state] as number, this.#byte[child] as number)
        this.#fallback[child] = fallback
        // A shorter pattern may end inside a longer one.
        this.matched[child] ||= this.matched[fallback] as number
        this.matchedOther[child] ||= this.matchedOther[fallback] as number
        queue[end++] = child
      }
    }
  }
}
