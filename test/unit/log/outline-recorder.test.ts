import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineCounter } from '../../../src/log/line-index.ts'
import { OutlineRecorder } from '../../../src/log/outline-recorder.ts'
import { logOutlineSchema, MOST_GROUPS, MOST_TIMES } from '../../../src/model/log-outline.ts'
import { LineTimes } from '../../../src/pages/browser/line-times.ts'
import { LiveOutline } from '../../../src/pages/browser/live-outline.ts'

/** Records a log with a clock that stands still between its pieces. */
function open() {
  const clock = { ms: 0 }
  const recorder = new OutlineRecorder(() => clock.ms)
  const counter = new LineCounter()
  const add = (text: string | Uint8Array) => {
    const before = counter.newlines
    const bytes = Buffer.from(text)
    counter.add(bytes)
    recorder.add(bytes, before, counter.newlines)
  }
  return { clock, recorder, add }
}

const groupsIn = (...pieces: (string | Uint8Array)[]) => {
  const { recorder, add } = open()
  for (const piece of pieces) add(piece)
  return recorder.outline().groups.map(([from, to]) => [from, to])
}

describe('groups', () => {
  test.each([
    ['of GitHub Actions', 'a\n::group::Install\nb\nc\n::endgroup::\nd\n', [[2, 5]]],
    ['of Azure Pipelines', '##[group]Install\nb\n##[endgroup]\n', [[1, 3]]],
    ['of Azure Pipelines, after another line', 'a\n##[group]Install\nb\n##[endgroup]\nc\n', [[2, 4]]],
    ['after colours', '\u001b[1m\u001b[38;5;208m::group::x\nb\n\u001b[0m::endgroup::\n', [[1, 3]]],
    [
      'one after another without an end',
      '::group::a\n1\n::group::b\n2\n::endgroup::\n',
      [
        [1, 2],
        [3, 5],
      ],
    ],
    ['that are not ended', '::group::a\n1\n2', [[1, 3]]],
    ['without a line', 'x\n::group::a\n', []],
    [
      'that are ended twice or never begin',
      '::endgroup::\n::group::a\n1\n::endgroup::\n::endgroup::\n',
      [[2, 4]],
    ],
    ['not within a line', 'echo ::group::a\n1\n ::group::b\n#[group]c\n::groupings\n', []],
    ['after a long line', `${'group '.repeat(50_000)}\n::group::a\n1\n`, [[2, 3]]],
    ['not after endless colours', `${'\u001b[1m'.repeat(40)}::group::a\n1\n2\n`, []],
  ])('%s', (_, log, expected) => {
    expect(groupsIn(log)).toEqual(expected)
  })

  test('are found wherever the output is cut, also into bytes, and as the page finds them', () => {
    const piece = fc.constantFrom(
      '::group::x',
      '::endgroup::',
      '##[group]y',
      '##[endgroup]',
      '\u001b[31m',
      '\n',
      '\n',
      'group',
      ':',
      'é',
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.nat(300)),
        fc.constantFrom('', '\n'),
        (parts, cuts, end) => {
          const log = Buffer.from(`${parts.join('')}\n::endgroup::${end}`)
          const ends = [...cuts.map(cut => cut % (log.length + 1)), log.length].toSorted((a, b) => a - b)
          const pieces = ends.map((end, index) => log.subarray(ends[index - 1] ?? 0, end))
          const expected = groupsByLine(log.toString())
          expect(groupsIn(...pieces)).toEqual(expected)
          const live = new LiveOutline(() => 0, new LineTimes())
          const counter = new LineCounter()
          let isWithinLine = false
          for (const bytes of pieces) {
            live.add(bytes, counter.newlines, isWithinLine)
            counter.add(bytes)
            if (bytes.length > 0) isWithinLine = bytes.at(-1) !== 0x0a
          }
          // The page has not seen the end of the last line.
          const isEnded = ([, to = 0]: number[]) => to <= counter.newlines
          expect(live.outline.groups.filter(([, to]) => to < 1e9).map(([from, to]) => [from, to])).toEqual(
            expected.filter(isEnded),
          )
        },
      ),
    )
  })

  test('are as many as a record takes', () => {
    const log = '::group::a\n1\n::endgroup::\n'.repeat(MOST_GROUPS + 50)
    const { recorder, add } = open()
    add(log)
    add(log)
    expect(recorder.outline().groups).toHaveLength(MOST_GROUPS)
    expect(logOutlineSchema.parse(recorder.outline())).toEqual(recorder.outline())
  })
})

/** The groups of a log, line by line. */
function groupsByLine(log: string): number[][] {
  const lines = log.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const groups: number[][] = []
  let open = 0
  const end = (line: number) => {
    if (open > 0 && line > open) groups.push([open, line])
    open = 0
  }
  for (const [index, line] of lines.entries()) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches changes of colour
    const text = line.replace(/^(?:\u001b\[31m)+/, match => (match.length > 45 ? match : ''))
    if (/^(?:::endgroup::|##\[endgroup\])/.test(text)) end(index + 1)
    else if (/^(?:::group::|##\[group\])/.test(text)) {
      end(index)
      open = index + 1
    }
  }
  end(lines.length)
  return groups
}

describe('phases', () => {
  test('begin with the next line of the runner', () => {
    const { clock, recorder, add } = open()
    add('▸ Build #1\n▸ Fetching\n')
    clock.ms = 1250
    recorder.beginPhase('command')
    add('▸ $ npm test\nno end of line')
    clock.ms = 9400
    recorder.beginPhase('results')
    add('\n▸ npm test ended with exit code 0\n')
    expect(recorder.outline().phases).toEqual([
      ['fetch', 1, 0],
      ['command', 3, 1.3],
      ['results', 5, 9.4],
    ])
  })

  test('end the groups within them', () => {
    const { recorder, add } = open()
    recorder.beginPhase('command')
    add('▸ $ x\n::group::a\n1\n2\n')
    recorder.beginPhase('results')
    add('▸ x ended\n▸ Passed\n')
    expect(recorder.outline().groups.map(([from, to]) => [from, to])).toEqual([[2, 4]])
  })
})

describe('times', () => {
  test('are of the first lines written in a second', () => {
    const { clock, recorder, add } = open()
    for (const [ms, text] of [
      [0, 'a\nb\n'],
      [400, 'c\n'],
      [1700, 'd'],
      [2900, 'd\ne\n'],
      [3100, 'f'],
      [9000, 'f\n'],
      [9000, 'g\n'],
    ] as const) {
      clock.ms = ms
      add(text)
    }
    expect(recorder.outline().times).toEqual([
      [1, 0],
      [4, 1],
      [5, 2],
      [6, 3],
      [7, 9],
    ])
  })

  test('are fewer of a long job, and hold as long as the job', () => {
    const { clock, recorder, add } = open()
    const seconds = 6 * 3600
    for (let second = 0; second < seconds; second++) {
      clock.ms = second * 1000
      add('line\n')
    }
    const { times } = recorder.outline()
    expect(times.length).toBeLessThanOrEqual(MOST_TIMES)
    expect(times.length).toBeGreaterThan(MOST_TIMES / 3)
    const lookup = new LineTimes(times)
    for (const line of [1, 500, 9999, seconds]) {
      const late = line - 1 - (lookup.of(line) ?? 0)
      expect(late).toBeGreaterThanOrEqual(0)
      expect(late).toBeLessThan(120)
    }
    expect(JSON.stringify(recorder.outline()).length).toBeLessThan(8000)
  })
})

test('what a job has recorded wrongly is left out of its times', () => {
  const times = new LineTimes([
    [5, 1],
    [3, 2],
    [9, 0],
    [12, 7],
  ])
  expect([1, 4, 5, 11, 12, 99].map(line => times.of(line))).toEqual([null, null, 1, 1, 7, 7])
})
