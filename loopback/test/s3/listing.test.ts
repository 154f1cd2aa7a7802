import fc from 'fast-check'
import { expect, it } from 'vitest'
import { listPage } from '../../s3/listing.ts'
import type { ListedObject } from '../../s3/tables.ts'

const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const record = { blobs: [], size: 0, etag: '', modified: '', headers: {} }

/** Reads all pages of a listing of `keys`. */
function listAll(keys: string[], prefix: string, delimiter: string, limit: number): string[] {
  const source = (start: Buffer, end: Buffer): ListedObject[] =>
    keys
      .filter(
        key => Buffer.compare(Buffer.from(key), start) >= 0 && Buffer.compare(Buffer.from(key), end) < 0,
      )
      .map(key => ({ key, record }))
  const found: string[] = []
  let start: Buffer | undefined = Buffer.alloc(0)
  while (start) {
    const page = listPage(source, { prefix, delimiter, start, limit })
    const entries = [...page.objects.map(({ key }) => key), ...page.prefixes]
    expect(entries.length).toBeLessThanOrEqual(limit)
    found.push(...entries.sort(compare))
    start = page.next
  }
  return found
}

it('lists every key and common prefix once, in order, for any page size', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', '/', '\u007f', '\uff5e', '\u{10ffff}'),
    maxLength: 6,
  })
  fc.assert(
    fc.property(
      fc.uniqueArray(text),
      text,
      fc.constantFrom('', '/', 'b/'),
      fc.integer({ min: 1, max: 5 }),
      (keys, prefix, delimiter, limit) => {
        const sorted = keys.toSorted(compare)
        const expected = sorted
          .filter(key => key.startsWith(prefix))
          .map(key => {
            const at = delimiter ? key.indexOf(delimiter, prefix.length) : -1
            return at === -1 ? key : key.slice(0, at + delimiter.length)
          })
        expect(listAll(sorted, prefix, delimiter, limit)).toEqual([...new Set(expected)])
      },
    ),
  )
})
