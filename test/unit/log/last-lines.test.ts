import { expect, test } from 'vitest'
import { lastLines } from '../../../src/log/last-lines.ts'
import { visibleLines } from '../../../src/log/visible-lines.ts'

const frames = (count: number, frame: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => frame(index)).join('')

test.each<[string, string, string[]]>([
  ['plain lines', 'one\ntwo\r\nthree', ['one', 'two', 'three']],
  ['colours', '\u001b[31mred\u001b[0m text', ['red text']],
  ['a bar', `${frames(100, i => `\r${i + 1} %`)}\ndone`, ['100 %', 'done']],
  ['a bar without an end, then an error', `${frames(9, i => `${i} %\r`)}Error: no\n`, ['Error: no', '']],
  ['a longer frame below a shorter one', 'abcdef\rxy', ['xycdef']],
  ['a cleared line', 'Fetching…\r\u001b[Kok\u001b[1G\u001b[2KError', ['Error']],
  ['a line that is cleared to its beginning', 'abcdef\b\b\u001b[1Kx', ['    xf']],
  ['backspaces', '10%\b\b\b20%', ['20%']],
  ['two bars, redrawn', frames(50, i => `a ${i}\nb ${i}\n\u001b[2A`), ['a 49', 'b 49', '']],
  [
    'lines that are erased one by one',
    `Error\n${frames(9, i => `a ${i}\nb\u001b[2K\u001b[1A\u001b[2K\u001b[G`)}end`,
    ['Error', 'end', ''],
  ],
  ['all below the cursor erased', 'one\ntwo\nthree\u001b[2A\r\u001b[Jx', ['x']],
  ['movements in a line', 'ab\u001b[3Cc\u001b[2Dd', ['ab  dc']],
  ['movements to the beginning of lines', 'a\nbc\u001b[Fx\u001b[Ey', ['x', 'yc']],
  ['a cleared screen, which keeps what was there', 'Error\n\u001b[2J\u001b[Hnext', ['Error', 'next']],
  ['titles and bells', '\u001b]0;title\u0007a\u0007\u001b(Bb\u0000', ['ab']],
  ['characters beyond 16 bits', '🎉🎉\r🐑', ['🐑🎉']],
  ['movements beyond all borders', '\u001b[99999A\u001b[99999Dx\u001b[99999Cy', [`x${' '.repeat(199)}y`]],
])('what is to be seen of %s', (_, text, lines) => {
  expect(visibleLines(text)).toEqual(lines)
})

test.each([
  ['down', '\u001b[999999B'],
  ['to the next lines', '\u001b[999999E'],
  ['to the right, on new lines', '\u001b[999999Cx\n'],
  ['back and forth', `${'\u001b[200Cx\r'}\n`],
])('a hostile log cannot make short movements into much text: %s', (_, sequence) => {
  const lines = visibleLines(sequence.repeat(20_000))
  expect(lines.length).toBeLessThanOrEqual(10_001)
  expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(201)
})

test('blank lines do not take the place of others', () => {
  expect(lastLines(`one\n\n \n\t\ntwo\n${'\n'.repeat(50)}`, 20, 80)).toEqual(['one', '', 'two'])
  expect(lastLines('\n\n', 20, 80)).toEqual([])
  expect(lastLines('', 20, 80)).toEqual([])
})

test('of a long line, the beginning and the end are kept', () => {
  const [line = ''] = lastLines(`Error: ${'x'.repeat(10_000)} not found`, 20, 100)
  expect(line).toMatch(/^Error: x+ … x+ not found$/)
  expect(line.length).toBeLessThanOrEqual(100)
  expect(lastLines('🎉'.repeat(200), 20, 100)[0]?.isWellFormed()).toBe(true)
})
