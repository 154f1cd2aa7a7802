import { Fault } from './faults.ts'

/** Bytes from `first` to `last`, both included; `last` is one less than `first` where there are none. */
export type Span = { first: number; last: number }

export const fullSpan = (size: number): Span => ({ first: 0, last: size - 1 })

/**
 * The span that a Range header asks for; undefined where it says nothing that S3 heeds (several ranges, another
 * unit, nonsense), which is answered with the whole object.
 * @throws {Fault} InvalidRange where the object has no such bytes
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
 * The span of a part's source, which S3 takes strictly: `bytes=<first>-<last>` within the object.
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
