import { Fault } from './faults.ts'

/** Bytes from `first` to `last`, both included. If the span is empty, `last` is `first` - 1. */
export type Span = { first: number; last: number }

export const fullSpan = (size: number): Span => ({ first: 0, last: size - 1 })

/**
 * Parses a Range header. Undefined if S3 ignores it (several ranges, another unit, malformed) and returns the whole
 * object.
 * @throws {Fault} InvalidRange if the object has no such bytes
 */
export function parseRange(header: string | undefined, size: number): Span | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  if (!match) return undefined
  const [, from = '', to = ''] = match
  if (from === '' && to === '') return undefined
  if (from === '') return satisfiable({ first: Math.max(size - Number(to), 0), last: size - 1 }, size)
  if (to !== '' && Number(to) < Number(from)) return undefined
  return satisfiable(
    { first: Number(from), last: to === '' ? size - 1 : Math.min(Number(to), size - 1) },
    size,
  )
}

/**
 * Parses the range of a part's source. Here S3 is strict: `bytes=<first>-<last>`, within the object.
 * @throws {Fault} InvalidArgument, InvalidRange
 */
export function parseCopyRange(header: string, size: number): Span {
  if (!/^bytes=\d{1,15}-\d{1,15}$/.test(header))
    throw new Fault(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last.',
    )
  const [first = 0, last = 0] = header.slice('bytes='.length).split('-').map(Number)
  if (first > last || last >= size)
    throw new Fault('InvalidArgument', `Range specified is not valid for source object of size: ${size}`)
  return { first, last }
}

function satisfiable(span: Span, size: number): Span {
  if (span.first < size) return span
  throw new Fault('InvalidRange', undefined, { ActualObjectSize: size })
}
