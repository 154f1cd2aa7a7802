import { describe, expect, test } from 'vitest'
import { layOutLine, textOfLine } from '../../../src/pages/browser/terminal-line.ts'
import { PLAIN } from '../../../src/pages/browser/text-style.ts'

const ESC = '\u001b'
const style = (change: object) => ({ ...PLAIN, ...change })

describe('colours', () => {
  test.each([
    ['31', style({ color: 'ansi-red' })],
    ['97;44', style({ color: 'ansi-bright-white', background: 'ansi-blue' })],
    ['1;3;4;9', style({ decorations: ['bold', 'italic', 'underline', 'strikethrough'] })],
    ['1;1;1', style({ decorations: ['bold'] })],
    ['38;5;208', style({ color: '255, 135, 0' })],
    ['38;5;9', style({ color: 'ansi-bright-red' })],
    ['48;5;240', style({ background: '88, 88, 88' })],
    ['38;2;1;2;3', style({ color: '1, 2, 3' })],
    ['38:2::1:2:3', style({ color: '1, 2, 3' })],
    ['38:5:208', style({ color: '255, 135, 0' })],
    ['31;39;1;22', PLAIN],
    ['31;0', PLAIN],
    ['31;', PLAIN],
    ['38;5;999', PLAIN],
    ['999', PLAIN],
    ['38;5;', PLAIN],
    ['38;2;1;2;300', PLAIN],
    ['38;2;1', style({ decorations: ['bold'] })],
    ['38;9;1', style({ decorations: ['bold'] })],
    ['38;5;16;48;5;231', style({ color: '0, 0, 0', background: '255, 255, 255' })],
    ['48:2::1:2:3', style({ background: '1, 2, 3' })],
    ['90;107', style({ color: 'ansi-bright-black', background: 'ansi-bright-white' })],
    ['98;108', PLAIN],
    ['31;42;49', style({ color: 'ansi-red' })],
    ['1;2;3;4;5;7;8;9;22;23;24;25;27;28;29', PLAIN],
    ['1;2;21', style({ decorations: ['dim'] })],
    ['?31', PLAIN],
    ['>4;1', PLAIN],
  ])('%s', (parameters, expected) => {
    expect(layOutLine(`${ESC}[${parameters}mx`, PLAIN)).toEqual({
      spans: [{ text: 'x', style: expected }],
      style: expected,
    })
  })

  test('continue on the next line until they are reset', () => {
    const first = layOutLine(`plain ${ESC}[31mred`, PLAIN)
    expect(first.spans.map(({ style: { color } }) => color)).toEqual([null, 'ansi-red'])
    const second = layOutLine(`still ${ESC}[mplain`, first.style)
    expect(second.spans.map(({ style: { color } }) => color)).toEqual(['ansi-red', null])
  })
})

describe('the text that a terminal would show', () => {
  test.each([
    ['10%\r20%\r100%', '100%'],
    ['100%\r1%', '1%0%'],
    ['12345\rab', 'ab345'],
    [`12345\r${ESC}[Kab`, 'ab'],
    [`12345${ESC}[2K`, ''],
    [`12345${ESC}[3D${ESC}[1Kx`, '  x45'],
    ['abc\b\bX', 'aXc'],
    [`a${ESC}[3Cb`, 'a   b'],
    [`abc${ESC}[1Gx`, 'xbc'],
    [`a${ESC}[999999999Cb`.slice(0, 20), expect.stringMatching(/^a {3999}b$/)],
    [`${ESC}[2J${ESC}[10;10Hplaced${ESC}[A`, 'placed'],
    [`${ESC}]0;title\u0007text`, 'text'],
    [`${ESC}]8;;https://example.com${ESC}\\link${ESC}]8;;${ESC}\\`, 'link'],
    [`${ESC}(Btext${ESC}=`, 'text'],
    [`cut${ESC}[38;5`, expect.stringContaining('cut')],
    ['nul\u0000bell\u0007', 'nul\u2400bell\u2407'],
    ['a\tb', 'a\tb'],
    ['grüße 🎉', 'grüße 🎉'],
    [`🎉x\b\b${ESC}[Ky`, 'y'],
    ['windows\r', 'windows'],
  ])('%j', (text, expected) => {
    expect(textOfLine(text)).toEqual(expected)
  })

  test('a line that is overwritten 20,000 times', () => {
    const text = Array.from({ length: 20_000 }, (_, step) => `\r${step}`).join('')
    expect(textOfLine(text)).toBe('19999')
  })
})
