import { createHash } from 'node:crypto'
import type { JobIdentity } from './job.ts'

/** Variables and values like these stay distinct when they are joined by "-" and "_". */
const PLAIN = /^[A-Za-z0-9.]+$/
const MAX_LENGTH = 60
const HASH_LENGTH = 12

/**
 * The name of an artifact of one job: its declared name or, with a matrix or shards, `name/<cell>`, such as `coverage/NODE-22`,
 * `coverage/3-of-8` or `coverage/NODE-22_3-of-8`. Unique among the cells and shards of the job, and safe in an object key: a cell
 * consists of letters, digits, ".", "_" and "-". If that would be ambiguous, it ends with "--" and a hash.
 */
export function artifactNameOf(name: string, { cell, shard }: Pick<JobIdentity, 'cell' | 'shard'>): string {
  const entries = Object.entries(cell)
  const parts = entries.map(([variable, value]) => `${variable}-${value}`)
  if (shard) parts.push(`${shard.index}-of-${shard.count}`)
  if (parts.length === 0) return name
  const text = parts.join('_')
  const isPlain = text.length <= MAX_LENGTH && entries.flat().every(each => PLAIN.test(each))
  return `${name}/${isPlain ? text : `${shorten(text)}--${hash([entries, shard])}`}`
}

const shorten = (text: string) =>
  text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/-{2,}/g, '-')
    .slice(0, MAX_LENGTH)

const hash = (identity: unknown) =>
  createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, HASH_LENGTH)
