/** Reads units of several bytes, which stand for other bytes or for none. */
export type UnitReader = {
  /** The bytes that the last unit stands for: the first `count`. */
  readonly bytes: Uint8Array
  readonly count: number
  /** Whether the last unit is a line break that stands for nothing, not even for white space. */
  readonly breaksLine: boolean
  /** Whether the last unit says that the text has been cut off before it. */
  readonly cuts: boolean
  /** Reads the unit at `at`. Returns its length, or 0 if it may be longer than the text. */
  read(bytes: Uint8Array, at: number, end: number): number
}
