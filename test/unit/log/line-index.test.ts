import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineCounter } from '../../../src/log/line-index.ts'

/** How many lines end before each of these offsets, in ascending order. */
function linesBefore(log: Buffer, offsets: readonly number[]): number[] {
  let [count, at] = [0, log.indexOf(0x0a)]
  return offsets.map(offset => {
    for (; at >= 0 && at < offset; at = log.indexOf(0x0a, at + 1)) count += 1
    return count
  })
}

test('each entry counts the lines before it, however the bytes are split', () => {
  const chunks = fc.array(fc.tuple(fc.integer({ min: 1, max: 300_000 }), fc.integer({ min: 1, max: 90 })), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(chunks, sizes => {
      const counter = new LineCounter()
      const parts = sizes.map(([size, length]) =>
        Buffer.from(`${'x'.repeat(length)}\n`.repeat(Math.ceil(size / (length + 1)))).subarray(0, size),
      )
      for (const part of parts) counter.add(part)
      const log = Buffer.concat(parts)
      const { stride, lines } = counter.indexOf(log.length)
      expect(counter.newlines).toBe(linesBefore(log, [log.length])[0])
      expect(lines).toHaveLength(1 + Math.floor(log.length / stride))
      const offsets = lines.map((_, at) => at * stride)
      expect(lines).toEqual(linesBefore(log, offsets))
    }),
    { numRuns: 25 },
  )
})

test('the stride grows with the log, so that the index stays small', () => {
  const counter = new LineCounter()
  const line = Buffer.from(`${'x'.repeat(1023)}\n`.repeat(1024))
  for (let at = 0; at < 200; at++) counter.add(line)
  const { stride, lines } = counter.indexOf(200 * line.length)
  expect(stride).toBe(256 * 1024)
  expect(lines.slice(0, 3)).toEqual([0, 256, 512])
  expect(lines.at(-1)).toBe(200 * 1024)
  expect(counter.indexOf(3 * stride - 1).lines).toEqual([0, 256, 512])
})
