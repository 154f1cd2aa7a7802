import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RowMap } from '../../../src/pages/browser/row-map.ts'

/** Ranges that follow one another, with at least one line before each. */
const ranges = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })), { maxLength: 12 })
  .map(pairs => {
    let last = 0
    return pairs.map(([gap, length]) => {
      const from = last + gap + 1
      last = from + length - 1
      return { from, to: last }
    })
  })

test('rows are the lines that are not hidden, in order', () => {
  fc.assert(
    fc.property(ranges, fc.boolean(), (given, isOpenEnded) => {
      const hidden = given.map((range, index) =>
        isOpenEnded && index === given.length - 1 ? { ...range, to: Number.POSITIVE_INFINITY } : range,
      )
      const map = new RowMap(hidden)
      const isHidden = (line: number) => hidden.some(({ from, to }) => line >= from && line <= to)
      const lines = Array.from({ length: 240 }, (_, index) => index + 1)
      const visible = lines.filter(line => !isHidden(line))
      expect(visible.map((_, index) => map.lineOf(index + 1))).toEqual(visible)
      expect(lines.filter(line => map.isHidden(line))).toEqual(lines.filter(isHidden))
      expect(lines.map(line => map.rowOf(line))).toEqual(
        lines.map(line => visible.filter(each => each <= line).length),
      )
      const nextHidden = (line: number) => lines.find(each => each > line && isHidden(each))
      expect(visible.map(line => map.lastVisibleFrom(line))).toEqual(
        visible.map(line => (nextHidden(line) ?? Number.POSITIVE_INFINITY) - 1),
      )
    }),
  )
})
