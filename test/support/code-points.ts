import fc from 'fast-check'

const SURROGATES = { from: 0xd800, count: 0x800 }

/**
 * Any code point but half of a surrogate pair, as a unit of `fc.string`. `unit: 'binary'` makes the same texts, but builds a table
 * of a million strings first.
 */
export const CODE_POINT = fc.nat({ max: 0x10ffff - SURROGATES.count }).map(
  index => String.fromCodePoint(index < SURROGATES.from ? index : index + SURROGATES.count),
  text => indexOf(text),
)

function indexOf(text: unknown): number {
  const point = typeof text === 'string' ? text.codePointAt(0) : undefined
  if (point === undefined || text !== String.fromCodePoint(point)) throw new Error('This is not a code point')
  return point < SURROGATES.from ? point : point - SURROGATES.count
}
