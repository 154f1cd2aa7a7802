import { createHash } from 'node:crypto'

/** Enough to distinguish plans. Nobody gains from two with the same digest: the author of a plan chooses what it runs anyway. */
const LENGTH = 16

/** A short hash of plain data. It reveals nothing about its content, which may be secret. */
export const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, LENGTH)
