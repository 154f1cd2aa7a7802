import type { ListedObject } from './tables.ts'

/** A range of keys in byte order; `end` is excluded. */
export type KeyRange = [start: Buffer, end: Buffer]
export type Page = {
  objects: ListedObject[]
  prefixes: string[]
  /** The start of the next page; undefined on the last page. */
  next: Buffer | undefined
  /** The last key or common prefix of this page. */
  last: string
}

export type ListOptions = { prefix: string; delimiter: string; start: Buffer; limit: number }
/** Reads keys lazily from `start` (included) to `end` (excluded). */
export type KeySource = (start: Buffer, end: Buffer) => Iterable<ListedObject>

// No UTF-8 text has a byte above 0xf4.
export const allKeys: KeyRange = [Buffer.alloc(0), Buffer.from([0xff])]

/** The smallest possible key after `key`. */
export const afterKey = (key: string) => Buffer.from(`${key}\0`)

/** The upper bound of all keys that start with `prefix`. */
export function afterPrefix(prefix: string): Buffer {
  const bytes = Buffer.from(prefix)
  const last = bytes.at(-1)
  if (last === undefined) return allKeys[1]
  bytes[bytes.length - 1] = last + 1
  return bytes
}

/** One page of a listing. With a delimiter, keys that contain it after the prefix become common prefixes. */
export function listPage(source: KeySource, { prefix, delimiter, start, limit }: ListOptions): Page {
  const page: Page = { objects: [], prefixes: [], next: undefined, last: '' }
  const end = afterPrefix(prefix)
  const from = Buffer.from(prefix)
  let cursor: Buffer | undefined = Buffer.compare(start, from) > 0 ? start : from
  while (cursor && limit > 0) cursor = fillPage(page, source(cursor, end), { prefix, delimiter, limit })
  return page
}

/**
 * Adds keys to the page, up to and including the first common prefix. Returns the position after all keys with that prefix, or undefined if
 * the page is complete.
 */
function fillPage(
  page: Page,
  keys: Iterable<ListedObject>,
  { prefix, delimiter, limit }: Omit<ListOptions, 'start'>,
): Buffer | undefined {
  for (const entry of keys) {
    if (page.objects.length + page.prefixes.length === limit) {
      page.next = Buffer.from(entry.key)
      return undefined
    }
    const at = delimiter ? entry.key.indexOf(delimiter, prefix.length) : -1
    page.last = at === -1 ? entry.key : entry.key.slice(0, at + delimiter.length)
    if (at === -1) page.objects.push(entry)
    else {
      page.prefixes.push(page.last)
      return afterPrefix(page.last)
    }
  }
  return undefined
}
