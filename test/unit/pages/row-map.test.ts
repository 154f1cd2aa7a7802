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
      for (const line of lines) {
        expect(map.isHidden(line)).toBe(isHidden(line))
        expect(map.rowOf(line)).toBe(visible.filter(each => each <= line).length)
      }
      for (const line of visible) {
        const next = lines.find(each => each > line && isHidden(each))
        expect(map.lastVisibleFrom(line)).toBe(next === undefined ? Number.POSITIVE_INFINITY : next - 1)
      }
    }),
  )
})
