import { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonText, printBytes, printFault, printLine, printNote } from '../../../src/cli/io.ts'
import { TerminalFilter } from '../../../src/cli/terminal-filter.ts'
import { CODE_POINT } from '../../support/code-points.ts'
import { runs } from '../../support/runs.ts'

/** Filters these parts one after another. */
function filtered(...parts: (string | Uint8Array)[]): string {
  const filter = new TerminalFilter()
  return parts.map(part => filter.push(Buffer.from(part))).join('') + filter.end()
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
const COLOUR = /\u001b\[[0-9;:]*m/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/

describe('what others have written cannot control the terminal', () => {
  test.each([
    ['a link', 'see \u001b]8;;http://evil.example\u001b\\the report\u001b]8;;\u001b\\!', 'see the report!'],
    ['a link that ends with BEL', '\u001b]8;;http://evil.example\u0007text', 'text'],
    ['the clipboard', 'a\u001b]52;c;cm0gLXJmIH4=\u0007b', 'ab'],
    ['a title', '\u001b]0;owned\u0007a\u001b]2;owned\u001b\\b', 'ab'],
    ['a command without an end', 'a\u001b]52;c;cm0=\nnext line', 'a\nnext line'],
    ['a command that another one interrupts', '\u001b]0;x\u001b[2J\u001b]52;c;eA==\u0007y', 'y'],
    ['a device control string', '\u001bP+q544e\u001b\\x', 'x'],
    ['other strings', '\u001b_Gx\u001b\\1\u001b^x\u001b\\2\u001bXx\u001b\\3', '123'],
    ['movements and erasing', '\u001b[2J\u001b[H\u001b[1A\u001b[2K\u001b[Gx', 'x'],
    ['modes', '\u001b[?1049h\u001b[?2004h\u001b[?25l\u001b[>4;2m\u001b[?5mx', 'x'],
    ['requests that the terminal answers as if typed', '\u001b[6n\u001b[c\u001b[5n\u0005x', '␅x'],
    ['a reset and other short ones', '\u001bc\u001b7\u001b8\u001bDx', 'x'],
    ['character sets', '\u001b(0\u001b)B\u001b%G\u001b#8\u000e\u000fx', '␎␏x'],
    [
      'C1 in UTF-8',
      '\u009b2J\u009d0;t\u009c\u0090q\u009c\u0085x',
      '\ufffd2J\ufffd0;t\ufffd\ufffdq\ufffd\ufffdx',
    ],
    ['a bell, backspaces and others', 'a\u0007b\bc\u000bd\u000ce\u0000f\u007f', 'a␇b␈c␋d␌e␀f␡'],
    ['a line break in a sequence', '\u001b[3\n1mx\u001b\ny', '\n1mx\ny'],
    ['a bell in a sequence', '\u001b[3\u00071mx', '␇1mx'],
    ['a style with other parts', '\u001b[1 mx\u001b[1$my', 'xy'],
    ['a style that is too long', `\u001b[${'1;'.repeat(100)}mx`, 'x'],
    ['an escape in an escape', '\u001b\u001b[2Jx\u001b[\u001b]0;t\u0007y', 'xy'],
    ['an escape at the end', 'x\u001b', 'x'],
    ['part of a sequence at the end', 'x\u001b[3', 'x'],
  ])('%s', (_, text, expected) => {
    expect(filtered(text)).toBe(expected)
  })

  test('C1 as single bytes, also those that are left when a sequence between them is taken out', () => {
    expect(filtered(Buffer.from('\x9b2Jx', 'latin1'))).toBe('\ufffd2Jx')
    expect(filtered(Buffer.from('\xc2\u001b[2K\x9b2Jx', 'latin1'))).toBe('\ufffd\ufffd2Jx')
  })

  test('colours and other styles stay, and end where the text ends', () => {
    const text = '\u001b[1;31mred\u001b[0m \u001b[38;5;0mblack\u001b[m \u001b[38:2::1:2:3mx\u001b[39m'
    expect(filtered(text)).toBe(`${text}\u001b[0m`)
    expect(filtered('\u001b[31mred\u001b[0m')).toBe('\u001b[31mred\u001b[0m')
  })

  test('no style reaches a line of the runner, and what follows it stays without', () => {
    expect(filtered('\u001b[8mx\n▸ Passed\nlast\n')).toBe('\u001b[8mx\n\u001b[0m▸ Passed\nlast\n')
    expect(filtered('a ▸ b \u001b[31m▸ c\n', '▸ Passed\n')).toBe('a ▸ b \u001b[31m▸ c\n\u001b[0m▸ Passed\n')
    expect(filtered('\u001b[8mx\u001b]0;t', '\n▸ Passed\n')).toBe('\u001b[8mx\n\u001b[0m▸ Passed\n')
    expect(filtered('\u001b[8m', '▸ Passed')).toBe('\u001b[8m\u001b[0m▸ Passed')
  })

  test('tabs, line feeds and the carriage returns of progress bars stay', () => {
    expect(filtered('\ta\r\n10 %\r20 %\n')).toBe('\ta\r\n10 %\r20 %\n')
  })
})

/** Texts that are mostly made of what sequences are made of. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          '\u001b',
          '\u001b[',
          '\u001b]',
          '\u001bP',
          '\u001b\\',
          '\u001b(',
          '[',
          ']',
          '0;',
          '8;;',
          '?',
          'm',
          'J',
          '\n',
          '\r',
          '\b',
          '▸',
          '\u001b[8m',
        ],
        ...[
          '\u0007',
          '\u009b',
          '\u009c',
          '\u009d',
          '\u0018',
          '\u202e',
          'ü',
          '€',
          '😀',
          '\u001b[1;31m',
          '\u001b[0m',
        ],
      ),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 40 },
  )
  .map(parts => Buffer.from(parts.join('')))
const anyBytes = fc.oneof(
  hostile,
  fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
)

describe('for every text', () => {
  test('it is the same wherever it is cut', () => {
    fc.assert(
      fc.property(anyBytes, fc.array(fc.nat(100)), (bytes, places) => {
        const cuts = [
          0,
          ...places.map(place => place % (bytes.length + 1)).toSorted((a, b) => a - b),
          bytes.length,
        ]
        const parts = cuts.slice(1).map((cut, index) => bytes.subarray(cuts[index], cut))
        expect(filtered(...parts)).toBe(filtered(bytes))
      }),
      runs(500),
    )
  })

  test('there is no control character but in styles', () => {
    fc.assert(
      fc.property(anyBytes, bytes => {
        expect(filtered(bytes).replaceAll(COLOUR, '')).not.toMatch(CONTROL)
      }),
      runs(500),
    )
  })

  test('each line of the runner begins without style', () => {
    const piece = fc.constantFrom(
      '\u001b[8m',
      '\u001b[0m',
      '\u001b[',
      '\u001b]0;',
      '31m',
      '\n',
      '▸',
      '\n▸ Passed\n',
      'x',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const lines = filtered(...pieces).split('\n')
        for (const [index, line] of lines.entries()) {
          const [styles = ''] = line.split('▸')
          if (!line.includes('▸') || styles.replaceAll(COLOUR, '') !== '') continue
          const before = [...lines.slice(0, index), styles].join('\n').match(COLOUR)
          expect(before?.at(-1)?.replaceAll(/[0;]/g, '') ?? '\u001b[m').toBe('\u001b[m')
        }
      }),
      runs(500),
    )
  })

  test('to filter it again changes nothing', () => {
    fc.assert(
      fc.property(anyBytes, bytes => {
        expect(filtered(filtered(bytes))).toBe(filtered(bytes))
      }),
      runs(500),
    )
  })

  test('text without control characters stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), text => {
        fc.pre(!CONTROL.test(text))
        expect(filtered(`\ufeff${text}`)).toBe(`\ufeff${text}`)
      }),
      runs(500),
    )
  })
})

class Terminal extends Writable {
  text = ''
  override _write(chunk: Buffer, _: BufferEncoding, written: () => void) {
    this.text += chunk.toString()
    written()
  }
}
function openTerminal() {
  const [stdin, stdout, stderr] = [process.stdin, new Terminal(), new Terminal()]
  return { stdin, stdout, stderr, env: {}, cwd: process.cwd }
}

test('a log that ends within a sequence, a character or a style reaches no further', async () => {
  for (const [log, shown] of [
    ['red \u001b[31m', 'red \u001b[31m\u001b[0m'],
    ['\u001b]0;t', ''],
    ['\u001b[8mhidden \u001b[3', '\u001b[8mhidden \u001b[0m'],
    [Buffer.from([0xe2, 0x82]), '\ufffd'],
  ] as const) {
    const io = openTerminal()
    await printBytes(io, Buffer.from(log))
    printLine(io, 'Passed')
    expect(io.stdout.text).toBe(`${shown}Passed\n`)
  }
})

test('a line of ours shows what others have written in it', () => {
  const io = openTerminal()
  const name = 'fix\r\u001b]52;c;eA==\u0007\u001b[2J\u202ecod.exe\u009b'
  printLine(io, `Branch ${name} is \u001b[32mgreen\u001b[0m`)
  printNote(io, `GitHub: ${name}`)
  expect(io.stdout.text).toBe('Branch fix\ufffd\ufffdcod.exe\ufffd is \u001b[32mgreen\u001b[0m\n')
  expect(io.stderr.text).toBe('GitHub: fix\\r\\x1b]52;c;eA==\\x07\\x1b[2J\\u202ecod.exe\\x9b\n')
})

test('a note and a fault are lines of ours, whatever they quote', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: CODE_POINT }), fc.constant('x\n▸ Passed\u001b[8m')), text => {
      const [note, fault] = [openTerminal(), openTerminal()]
      printNote(note, text)
      expect(note.stderr.text).toMatch(/^[^\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]*\n$/u)
      const error = new Error(text)
      printFault(fault, error)
      const [first, ...others] = fault.stderr.text.split('\n').slice(0, -1)
      expect(first).toMatch(/^(Error|\[Error)/)
      for (const line of others) expect(line).toMatch(/^ [^\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]*$/u)
    }),
  )
})

test('JSON has the same value, and no control characters', () => {
  const value = { message: '\u001b[2J\u009b2J\u202e\u2028\u007f "ü" \n' }
  expect(jsonText(value)).not.toMatch(/[^ -~ü]/)
  expect(JSON.parse(jsonText(value))).toEqual(value)
  expect(JSON.parse(jsonText(value, 2))).toEqual(value)
})
