import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BuildLog } from '../../../src/log/build-log.ts'
import { LineCounter } from '../../../src/log/line-index.ts'
import { OutputBlocks } from '../../../src/log/output-blocks.ts'
import { OutputRecorder } from '../../../src/log/output-recorder.ts'
import type { CommandOutput } from '../../../src/model/command-output.ts'

const MIB = 1024 * 1024

/** A log in memory, and its text. */
function openLog({ secrets = [], limitBytes = 64 * MIB }: { secrets?: string[]; limitBytes?: number } = {}) {
  const stored: Uint8Array[] = []
  const upload = async (_: number, bytes: Uint8Array) => void stored.push(bytes)
  const sink = {
    ...{ lines: new LineCounter(), upload, stored: upload },
    ...{ finish: async () => {}, storeRest: async () => {} },
  }
  // Only `stored` is called for the end, and both for all before.
  const log = new BuildLog({ ...sink, upload: async () => {} }, secrets, { limitBytes, uploadMs: 60_000 })
  return { log, text: () => Buffer.concat(stored).toString() }
}

/** The output of a command that writes these pieces between two lines of the runner. */
async function record(pieces: Iterable<string | Uint8Array>, options: Parameters<typeof openLog>[0] = {}) {
  const { log, text } = openLog(options)
  await log.writeLine('Fetching')
  await log.writeLine('$ npm test')
  const { output } = await log.recordOutput(async () => {
    for (const piece of pieces) await log.write(Buffer.from(piece))
    return {}
  })
  await log.writeLine('npm test ended with exit code 1')
  await log.end()
  return { output, log: text().split('\n') }
}

/** That each line is where the log has it. */
function expectNumbered({ texts, numberOf }: ReturnType<CommandOutput['lines']>, log: readonly string[]) {
  for (const [index, text] of texts.entries()) {
    const number = numberOf(index)
    if (number !== null) expect([index, log[number - 1]]).toEqual([index, text])
  }
}

test('blocks keep the last bytes, however they come', () => {
  const pieces = fc.array(fc.oneof(fc.nat(40), fc.constantFrom(16 * 1024 - 1, 16 * 1024, 70_000)), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 200_000 }), (sizes, limit) => {
      const blocks = new OutputBlocks()
      let [all, line] = ['', 0]
      for (const [index, size] of sizes.entries()) {
        const text = String.fromCharCode(97 + (index % 26)).repeat(size)
        const piece = Buffer.from(text)
        blocks.add(piece, line)
        // The next piece is read into the same buffer.
        piece.fill('#')
        all += text
        line += 1
        blocks.dropBefore(limit)
      }
      expect(blocks.end(limit).toString()).toBe(all.slice(-limit))
      expect(all.endsWith(blocks.end().toString())).toBe(true)
      expect(blocks.bytes).toBeLessThan(limit + 70_001 + 64 * 1024)
    }),
    { numRuns: 50 },
  )
})

describe('the output of a command', () => {
  test('has none of the lines of the runner, and a line that looks like one stays what it is', async () => {
    const { output, log } = await record(['one\n', '▸ npm test ended with exit code 0\n', 'two'])
    const lines = output.lines()
    expect(lines.texts).toEqual(['one', '▸ npm test ended with exit code 0', 'two'])
    expect(lines.texts.map((_, index) => lines.numberOf(index))).toEqual([3, 4, 5])
    expectNumbered(lines, log)
    expect(output.lastLines(2, 300)).toEqual(['▸ npm test ended with exit code 0', 'two'])
    expect(output.tail(5)).toBe('\ntwo'.padStart(5, '0'))
  })

  test('begins after the line of the runner, also if the end of that could be the beginning of a secret', async () => {
    const { output } = await record(['one\n'], { secrets: ['test\nabcdefgh0123456789'] })
    expect(output.lines().texts).toEqual(['one'])
  })

  test('of nothing is empty', async () => {
    const { output } = await record([])
    expect(output.lines().texts.filter(Boolean)).toEqual([])
    expect(output.lastLines(20, 300)).toEqual([])
    expect(output.lines().numberOf(7)).toBeNull()
  })

  test('has its lines where the log has them, however they are written', async () => {
    const text = fc
      .array(fc.stringMatching(/^[a-c ]{0,12}$/), { minLength: 1, maxLength: 60 })
      .map(lines => lines.join('\n'))
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 40, max: 600 }),
        async (all, size, limitBytes) => {
          const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
            all.slice(at * size, (at + 1) * size),
          )
          const { output, log } = await record(pieces, { limitBytes })
          const lines = output.lines()
          const expected = all.endsWith('\n') ? all.slice(0, -1) : all
          expect(lines.texts.join('\n')).toBe(expected)
          const numbers = lines.texts.map((_, index) => lines.numberOf(index))
          const last = Math.max(...numbers.map(number => number ?? 0))
          for (const [index, number] of numbers.entries()) {
            if (number === null) continue
            const inLog = log[number - 1] ?? ''
            // The log may end within its last line.
            expect(number < last ? inLog : lines.texts[index]?.slice(0, inLog.length)).toBe(
              number < last ? lines.texts[index] : inLog,
            )
          }
        },
      ),
      { numRuns: 50, examples: [['\n', 1, 40]] },
    )
  })

  test('of many megabytes is its beginning and its end', async () => {
    const piece = (first: number) =>
      Buffer.from(
        Array.from({ length: 1000 }, (_, index) => `${`line ${first + index}`.padEnd(99)}\n`).join(''),
      )
    const count = 120
    const { log } = openLog({ limitBytes: 2 ** 31 })
    const { output } = await log.recordOutput(async () => {
      for (let at = 0; at < count; at++) await log.write(piece(at * 1000))
      return {}
    })
    await log.end()
    const { texts, numberOf } = output.lines()
    expect(texts[0]?.trim()).toBe('line 0')
    expect(texts.at(-1)?.trim()).toBe(`line ${count * 1000 - 1}`)
    expect(texts.length).toBeGreaterThan(50_000)
    expect(texts.length).toBeLessThan(56_000)
    // The first line after the gap may have lost its beginning, so it is left out.
    const misplaced = texts.filter((text, index) => text.trim() !== `line ${(numberOf(index) ?? 0) - 1}`)
    expect(misplaced).toEqual([])
  })

  test('of one line of many megabytes is short', async () => {
    const { output } = await record(Array.from({ length: 160 }, () => 'x'.repeat(64 * 1024)))
    const { texts } = output.lines()
    expect(texts.length).toBeLessThanOrEqual(2)
    expect(Math.max(...texts.map(({ length }) => length))).toBeLessThanOrEqual(4096)
    expect(output.lastLines(20, 300).join('').length).toBeLessThanOrEqual(600)
  })

  test('of half a million lines has its last ones', async () => {
    const { output } = await record([
      ...Array.from({ length: 8 }, () => '\n'.repeat(64 * 1024)),
      'Error: why\n',
    ])
    const { texts, numberOf } = output.lines()
    expect(texts.length).toBeLessThanOrEqual(100_002)
    expect(texts.at(-1)).toBe('Error: why')
    expect(numberOf(texts.length - 1)).toBe(2 + 8 * 64 * 1024 + 1)
    expect(output.lastLines(20, 300)).toEqual(['Error: why'])
  })

  test('beyond the limit of the log has no line of it', async () => {
    const pieces = Array.from({ length: 100 }, (_, index) => `${String(index).padEnd(99, '.')}\n`)
    const { output, log } = await record(pieces, { limitBytes: 1000 })
    const lines = output.lines()
    expect(lines.texts).toHaveLength(100)
    expectNumbered({ ...lines, texts: lines.texts.slice(0, 9) }, log)
    expect([lines.numberOf(2), lines.numberOf(99)]).toEqual([5, null])
  })

  test('is masked, also where a secret is divided between two pieces or lines', async () => {
    const secret = 'tok_SUPERSECRET_0123456789_abcdef'
    const { output } = await record(
      [
        'got tok_SUPER',
        'SECRET_0123456789_abcdef\n',
        'tok_SUPERSECRET_0\n123456789_abcdef\n',
        'tok_SUPER\u001b[31mSECRET_0123456789_abcdef end\n',
        'tok_SUPERSE',
      ],
      { secrets: [secret] },
    )
    const { texts } = output.lines()
    expect(texts[0]).toBe('got ***')
    expect(texts.join('\n')).not.toMatch(/SECRET_0|0123456789/)
    expect(output.tail(MIB)).not.toMatch(/SECRET_0|0123456789/)
  })
})

test.each<[string, string, string]>([
  ['colours', '\u001b[31mred\u001b[0m text', 'red text'],
  ['a progress bar', '10 %\r50 %\r100 % done', '100 % done'],
  ['a carriage return before the line feed', 'text\r', 'text'],
  ['moves of the cursor to other lines', '\u001b[2A\u001b[Ktext\u001b[5B', 'text'],
  ['a title of the window', '\u001b]0;x\u0007text', 'text'],
  ['control characters', 'a\u0000b\u0007c\u0085d', 'abcd'],
  ['a tab', '\ta', '\ta'],
])('a line with %s is as a terminal shows it', (_, written, shown) => {
  const output = new OutputRecorder()
  output.add(Buffer.from(`before\n${written}\nafter\n`), 0, 3)
  expect(output.lines().texts).toEqual(['before', shown, 'after'])
})
