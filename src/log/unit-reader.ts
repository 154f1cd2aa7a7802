/**
 * The meaning of a unit without a byte: nothing; a line break that is not part of the text, not even as white space; a repetition of the
 * preceding character; or that the text is cut off there.
 */
export type EmptyUnit = 'nothing' | 'break' | 'repetition' | 'cut'

/** Reads units of several bytes that represent other bytes or none. */
export type UnitReader = {
  /** The bytes that the last unit represents: the first `count`. */
  readonly bytes: Uint8Array
  readonly count: number
  /** The meaning of the last unit if `count` is 0. */
  readonly empty: EmptyUnit
  /** Reads the unit at `at`. Returns its length, or 0 if it may be longer than the text. */
  read(bytes: Uint8Array, at: number, end: number): number
}
