import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineCounter } from '../../../src/log/line-index.ts'
import { type FetchPart, LogSource } from '../../../src/pages/browser/log-source.ts'

/** A server with this log. Counts the bytes that were fetched. */
function serve(log: Uint8Array) {
  const fetched = { bytes: 0 }
  const fetch: FetchPart = async (from, length) => {
    const bytes = log.subarray(from, from + length)
    fetched.bytes += bytes.length
    return { bytes, ended: from + length >= log.length }
  }
  return { fetch, fetched }
}

const indexOf = (log: Uint8Array) => {
  const counter = new LineCounter()
  counter.add(log)
  return counter.indexOf(log.length)
}
const text = (lines: { bytes: Uint8Array }[]) => lines.map(({ bytes }) => Buffer.from(bytes).toString())

test('returns any line of any log, with and without an index', async () => {
  const lines = fc.array(fc.oneof(fc.string({ maxLength: 100 }), fc.constant('x'.repeat(70_000))), {
    minLength: 1,
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(lines, fc.boolean(), fc.nat(), async (given, isIndexed, offset) => {
      const whole = given.map(line => line.replaceAll(/[\r\n]/g, '_'))
      const log = Buffer.from(`${whole.join('\n')}\n`.repeat(3))
      const source = new LogSource(serve(log).fetch, isIndexed ? indexOf(log) : null)
      while ((await source.advance()) > 0);
      expect(source.lineCount).toBe(whole.length * 3)
      const from = 1 + (offset % source.lineCount)
      const expected = [...whole, ...whole, ...whole].slice(from - 1, from + 9)
      const found = await source.lines(from, 10)
      expect(found.map(({ number }) => number)).toEqual(expected.map((_, index) => from + index))
      expect(text(found)).toEqual(expected.map(line => Buffer.from(line).subarray(0, 32_768).toString()))
      expect(found.map(({ more }) => more)).toEqual(expected.map(line => line.length > 32_768))
    }),
    { numRuns: 60 },
  )
})

test('fetches only the required blocks of a large log', async () => {
  const log = Buffer.from(Array.from({ length: 400_000 }, (_, line) => `line number ${line + 1}\n`).join(''))
  const { fetch, fetched } = serve(log)
  const source = new LogSource(fetch, indexOf(log))
  await source.advance()
  expect(fetched.bytes).toBeLessThan(64 * 1024)
  expect(text(await source.lines(200_000, 2))).toEqual(['line number 200000', 'line number 200001'])
  expect(fetched.bytes).toBeLessThan(3 * 64 * 1024)
})

test('follows a growing log, including its unfinished last line', async () => {
  let log = Buffer.from('one\ntw')
  const source = new LogSource(
    async (from, length) => ({ bytes: log.subarray(from, from + length), ended: false }),
    null,
  )
  await Promise.all([source.advance(), source.advance()])
  expect([source.lineCount, text(await source.lines(1, 9))]).toEqual([2, ['one', 'tw']])
  log = Buffer.from('one\ntwo\nthree\n')
  await source.advance()
  expect([source.lineCount, text(await source.lines(2, 9))]).toEqual([3, ['two', 'three']])
})

test('a wrong index finds no lines, but does no harm', async () => {
  const log = Buffer.from('one\ntwo\nthree\n'.repeat(20_000))
  const source = new LogSource(serve(log).fetch, { stride: 65_536, lines: [0, 5, 100_000_000] })
  await source.advance()
  for (const line of [1, 6, 50_000_000, 100_000_001])
    expect((await source.lines(line, 3)).length).toBeLessThanOrEqual(3)
})

test('pieces contain all lines and split no characters', async () => {
  const log = Buffer.from(`${Array.from({ length: 300_000 }, (_, line) => `grüße ${line}\n`).join('')}no end`)
  const source = new LogSource(serve(log).fetch, null)
  while ((await source.advance()) > 0);
  const found: string[] = []
  for await (const { first, lines } of source.pieces()) {
    expect(first).toBe(found.length + 1)
    for (const line of lines) found.push(line)
  }
  expect(found.join('\n')).toBe(log.toString())
})

test('a long line shows its beginning, a progress bar its last state', async () => {
  const bar = Array.from({ length: 20_000 }, (_, step) => `\rstep ${step}`).join('')
  const source = new LogSource(serve(Buffer.from(`${bar}\n${'x'.repeat(100_000)}\nlast\n`)).fetch, null)
  while ((await source.advance()) > 0);
  const [first, second, third] = await source.lines(1, 3)
  expect([first?.more, Buffer.from(first!.bytes).toString().split('\r').at(-1)]).toEqual([
    false,
    'step 19999',
  ])
  expect([second?.more, second?.bytes.length]).toEqual([true, 32_768])
  expect(Buffer.from(third!.bytes).toString()).toBe('last')
})
