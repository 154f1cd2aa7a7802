/**
 * What a unit that stands for no byte means: nothing; a line break that is not part of the text, not even as white space; the
 * character before it once more; or that the text has been cut off there.
 */
export type EmptyUnit = 'nothing' | 'break' | 'repetition' | 'cut'

/** Reads units of several bytes, which stand for other bytes or for none. */
export type UnitReader = {
  /** The bytes that the last unit stands for: the first `count`. */
  readonly bytes: Uint8Array
  readonly count: number
  /** What the last unit means if `count` is 0. */
  readonly empty: EmptyUnit
  /** Reads the unit at `at`. Returns its length, or 0 if it may be longer than the text. */
  read(bytes: Uint8Array, at: number, end: number): number
}
