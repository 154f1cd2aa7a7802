import { createHash } from 'node:crypto'

/** Enough to tell one plan from another. Nobody gains from two that look alike: who chooses one chooses what it runs. */
const LENGTH = 16

/** A short hash of plain data. It tells nothing of its content, which may be secret. */
export const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, LENGTH)
