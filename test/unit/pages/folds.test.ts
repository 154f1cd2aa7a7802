import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LogOutline, logOutlineSchema } from '../../../src/model/log-outline.ts'
import { type FoldFacts, Folds, foldsOf, isOpenAtFirst } from '../../../src/pages/browser/folds.ts'

const PHASES: LogOutline['phases'] = [
  ['setup', 1, 0],
  ['command', 8, 2.5],
  ['results', 40, 44.5],
]
const facts = (change: Partial<FoldFacts> = {}): FoldFacts => ({
  outline: {
    phases: PHASES,
    groups: [
      [10, 14, 1],
      [15, 30, 20],
    ],
  },
  hasEnded: true,
  seconds: 45,
  hasFailed: false,
  failureLine: null,
  ...change,
})
const opened = (folds: ReturnType<typeof foldsOf>) => folds.filter(isOpenAtFirst).map(({ from }) => from)

describe('the folds of a log', () => {
  test('are its phases, and the groups in them, with their times', () => {
    expect(foldsOf(facts())).toEqual(
      [
        { kind: 'setup', from: 1, to: 7, seconds: 2.5 },
        { kind: 'command', from: 8, to: 39, seconds: 42 },
        { kind: 'group', from: 10, to: 14, seconds: 1 },
        { kind: 'group', from: 15, to: 30, seconds: 20 },
        { kind: 'results', from: 40, to: Number.POSITIVE_INFINITY, seconds: 0.5 },
      ].map(fold => ({ ...fold, state: 'passed', isEarlier: false })),
    )
  })

  test('are open where the command and the failure are', () => {
    expect(opened(foldsOf(facts()))).toEqual([8, 40])
    expect(opened(foldsOf(facts({ hasFailed: true, failureLine: 20 })))).toEqual([8, 15, 40])
    const cut: FoldFacts['outline'] = {
      phases: PHASES,
      groups: [
        [10, 14, 1],
        [15, 39, 20],
      ],
    }
    expect(opened(foldsOf(facts({ outline: cut, hasFailed: true })))).toEqual([8, 15, 40])
    const ofSetup: FoldFacts['outline'] = { phases: [['setup', 1, 0]], groups: [] }
    expect(foldsOf(facts({ outline: ofSetup, hasFailed: true }))).toEqual([])
  })

  test('are closed where another command comes after one, unless it has failed', () => {
    const phases: LogOutline['phases'] = [
      ['setup', 1, 0],
      ['setup', 8, 2],
      ['command', 20, 12],
      ['command', 30, 20],
      ['results', 40, 44],
    ]
    const folds = foldsOf(facts({ outline: { phases, groups: [] } }))
    expect(folds.map(({ kind, from, seconds }) => [kind, from, seconds])).toEqual([
      ['setup', 1, 2],
      ['setup', 8, 10],
      ['command', 20, 8],
      ['command', 30, 24],
      ['results', 40, 1],
    ])
    expect(opened(folds)).toEqual([30, 40])
    const failed = (count: number) => {
      const outline = { phases: phases.toSpliced(count, 4 - count), groups: [] }
      return opened(foldsOf(facts({ outline, hasFailed: true })))
    }
    expect([2, 3, 4].map(failed)).toEqual([
      [8, 40],
      [20, 40],
      [30, 40],
    ])
  })

  test('are open where it runs', () => {
    const running = facts({
      outline: {
        phases: PHASES.slice(0, 2),
        groups: [
          [10, 14, 1],
          [15, Number.POSITIVE_INFINITY, null],
        ],
      },
      hasEnded: false,
      seconds: null,
    })
    expect(foldsOf(running).map(({ from, state }) => [from, state])).toEqual([
      [1, 'passed'],
      [8, 'running'],
      [10, 'passed'],
      [15, 'running'],
    ])
    expect(opened(foldsOf(running))).toEqual([8, 15])
  })

  test('leave out what cannot be', () => {
    const phases: LogOutline['phases'] = [...PHASES, ['deploy', 3, 50], ['command', 40, 60]]
    const groups: LogOutline['groups'] = [
      [12, 12, 1],
      [20, 10, 1],
      [30, 45, 1],
      [9, 12, 3],
      [11, 20, 1],
      [13, 14, 0],
    ]
    expect(foldsOf(facts({ outline: { phases, groups } })).map(({ from, to }) => [from, to])).toEqual([
      [1, 7],
      [8, 39],
      [9, 12],
      [13, 14],
      [40, Number.POSITIVE_INFINITY],
    ])
    expect(foldsOf(facts({ outline: { phases: PHASES.slice(1), groups: [] } }))).toEqual([])
  })
})

const line = fc.integer({ min: 1, max: 60 })
const outlines = fc.record({
  phases: fc.array(
    fc.tuple(fc.constantFrom('setup' as const, 'command' as const, 'results' as const), line, fc.nat(99)),
    {
      maxLength: 5,
    },
  ),
  groups: fc.array(fc.tuple(line, line, fc.nat(99)), { maxLength: 12 }),
})

test('whatever a job has recorded, each line is in one row or within closed folds, and can be revealed', () => {
  fc.assert(
    fc.property(outlines, fc.boolean(), fc.array(line), (outline, hasFailed, toggled) => {
      const folds = new Folds()
      folds.set(foldsOf(facts({ outline: logOutlineSchema.parse({ ...outline, times: [] }), hasFailed })))
      for (const each of toggled) {
        const fold = folds.at(each)
        if (fold) folds.toggle(fold)
      }
      const closed = folds.all.filter(fold => !folds.isOpen(fold))
      const rows = Array.from({ length: folds.rowCount(60) }, (_, index) => folds.rows.lineOf(index + 1))
      const expected = Array.from({ length: 60 }, (_, index) => index + 1).filter(
        each => !closed.some(({ from, to }) => each > from && each <= to),
      )
      expect(rows).toEqual(expected)
      folds.reveal(33)
      expect(folds.rows.isHidden(33)).toBe(false)
    }),
  )
})

test('what a reader sees stays open when it ends, and the rest closes', () => {
  const running = facts({
    outline: { phases: [], groups: [[3, Number.POSITIVE_INFINITY, null]] },
    hasEnded: false,
  })
  const ended = foldsOf(facts({ outline: { phases: [], groups: [[3, 20, 4]] } }))
  for (const [read, isOpen] of [
    [{ from: 5, to: 9 }, true],
    [{ from: 1, to: 3 }, false],
    [{ from: 21, to: 30 }, false],
    [null, false],
  ] as const) {
    const folds = new Folds()
    folds.set(foldsOf(running))
    folds.set(ended, read)
    expect(folds.rows.isHidden(5)).toBe(!isOpen)
  }
  // A closed one stays closed, whatever is around it.
  const folds = new Folds()
  folds.set(ended)
  folds.set(ended, { from: 1, to: 30 })
  expect(folds.rows.isHidden(5)).toBe(true)
})
