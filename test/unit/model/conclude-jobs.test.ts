import { expect, test } from 'vitest'
import {
  concludeJobs,
  type EndedJob,
  isAllowedFailure,
  isDone,
  isRedJob,
} from '../../../src/model/conclude-jobs.ts'
import type { Conclusion } from '../../../src/model/conclusion.ts'
import type { Exit } from '../../../src/model/exit.ts'

const exited = (code: number): Exit => ({ kind: 'exited', code })
const TIMED_OUT: Exit = { kind: 'timed-out', afterMs: 60_000 }
const KILLED: Exit = { kind: 'signalled', signal: 'SIGKILL' }
const DIED = 'The job died: it did not report its end in time'

const ended = (title: string, conclusion: Conclusion, change: Partial<EndedJob> = {}): EndedJob => ({
  title,
  conclusion,
  exit: null,
  reason: null,
  allowFailure: false,
  ...change,
})
const passed = (title: string) => ended(title, 'passed', { exit: exited(0) })
const failed = (title: string, change: Partial<EndedJob> = {}) =>
  ended(title, 'failed', { exit: exited(1), reason: 'npm test ended with exit code 1', ...change })
const mayFail = (title: string) => failed(title, { allowFailure: true })
const errored = (title: string) => ended(title, 'errored', { reason: DIED })
const skipped = (title: string) => ended(title, 'skipped', { reason: 'lint failed' })
const cancelled = (title: string, reason: string | null = 'by ada') => ended(title, 'cancelled', { reason })
const many = (count: number, make: (title: string) => EndedJob, name = 'unit') =>
  Array.from({ length: count }, (_, at) => make(`${name} (${at + 1}/${count})`))

const ONE_FAILED = { passed: 1, failed: 1, errored: 0, skipped: 0, flaky: 0 }
/** Its report has a test that failed, after this exit code. */
const failedTests = (title: string, code: number, change: Partial<EndedJob> = {}) =>
  failed(title, { exit: exited(code), reason: '1 of 2 tests failed: a', tests: ONE_FAILED, ...change })

type Row = [string, EndedJob[], Conclusion, string | null]
test.each<Row>([
  [
    'one of two failed by its tests',
    [passed('lint'), failedTests('unit', 0)],
    'failed',
    '1 of 2 jobs failed: unit (1 of 2 tests failed: a)',
  ],
  [
    'the output of one of two names what failed',
    [passed('lint'), failed('unit', { reason: 'cart › adds failed', isNamed: true })],
    'failed',
    '1 of 2 jobs failed: unit (cart › adds failed)',
  ],
  [
    'the outputs of two name what failed',
    [failed('lint', { isNamed: true }), failed('unit', { isNamed: true })],
    'failed',
    '2 of 2 jobs failed: lint, unit',
  ],
  [
    'a job that may fail has named what failed',
    [passed('lint'), failed('unit', { isNamed: true, allowFailure: true })],
    'passed',
    'unit failed, which is allowed',
  ],
  [
    'two failed by their tests',
    [failedTests('lint', 0), failedTests('unit', 1)],
    'failed',
    '2 of 2 jobs failed: lint, unit',
  ],
  [
    'tests failed that may',
    [passed('lint'), failedTests('unit', 0, { allowFailure: true })],
    'passed',
    'unit failed, which is allowed',
  ],
  [
    'a job has failed after exit code 0, without a test that did',
    [failedTests('unit', 0, { allowFailure: true, tests: null, reason: null })],
    'failed',
    'unit failed',
  ],
  ['no job', [], 'passed', 'No job applies'],
  ['all passed', [passed('lint'), passed('unit')], 'passed', null],
  [
    'three of twelve failed',
    [failed('unit (4/8)'), failed('node (NODE=22)'), failed('node (NODE=24)'), ...many(9, passed)],
    'failed',
    '3 of 12 jobs failed: unit (4/8), node (NODE=22), node (NODE=24)',
  ],
  ['one of two failed', [failed('lint'), passed('unit')], 'failed', '1 of 2 jobs failed: lint'],
  ['the only job failed', [failed('unit')], 'failed', 'unit failed: npm test ended with exit code 1'],
  ['the only job failed without a reason', [failed('unit', { reason: null })], 'failed', 'unit failed'],
  [
    'behind a red one',
    [failed('lint'), skipped('unit'), skipped('e2e')],
    'failed',
    '1 of 3 jobs failed: lint',
  ],
  [
    'one died',
    [passed('lint'), errored('unit (4/8)')],
    'errored',
    '1 of 2 jobs ended in an error: unit (4/8). The job died: it did not report its end in time',
  ],
  [
    'two died',
    [errored('lint'), errored('unit'), passed('e2e')],
    'errored',
    '2 of 3 jobs ended in an error: lint, unit',
  ],
  [
    'the only job died',
    [errored('unit')],
    'errored',
    'unit ended in an error. The job died: it did not report its end in time',
  ],
  [
    'one failed and one died',
    [failed('lint'), errored('unit'), passed('e2e')],
    'errored',
    '1 of 3 jobs ended in an error: unit; 1 failed: lint',
  ],
  ['a failure that is allowed', [mayFail('lint'), passed('unit')], 'passed', 'lint failed, which is allowed'],
  [
    'several failures that are allowed',
    [mayFail('lint'), mayFail('audit'), passed('unit')],
    'passed',
    'lint and audit failed, which is allowed',
  ],
  [
    'many failures that are allowed',
    many(12, mayFail, 'a-test-of-the-whole-system'),
    'passed',
    'a-test-of-the-whole-system (1/12), a-test-of-the-whole-system (2/12) and 10 more failed, which is allowed',
  ],
  ['all failed as they may', [mayFail('lint')], 'passed', 'lint failed, which is allowed'],
  [
    'an allowed failure beside a red job',
    [mayFail('lint'), failed('unit')],
    'failed',
    '1 of 2 jobs failed: unit',
  ],
  [
    'killed, though failures are allowed',
    [failed('unit', { exit: KILLED, allowFailure: true }), passed('lint')],
    'failed',
    '1 of 2 jobs failed: unit',
  ],
  [
    'died, though failures are allowed',
    [{ ...errored('unit'), allowFailure: true }, passed('lint')],
    'errored',
    `1 of 2 jobs ended in an error: unit. ${DIED}`,
  ],
  ['cancelled', [passed('lint'), cancelled('unit'), cancelled('e2e')], 'cancelled', 'by ada'],
  ['superseded', [cancelled('lint', 'Superseded by #9')], 'cancelled', 'Superseded by #9'],
  [
    'cancelled without a reason',
    [cancelled('lint', null), passed('unit')],
    'cancelled',
    '1 of 2 jobs was cancelled: lint',
  ],
  [
    'several cancelled without a reason',
    [cancelled('lint', null), cancelled('unit', null)],
    'cancelled',
    '2 of 2 jobs were cancelled: lint, unit',
  ],
  ['cancelled after a failure', [failed('lint'), cancelled('unit')], 'failed', '1 of 2 jobs failed: lint'],
  [
    'skipped, though nothing is red',
    [passed('lint'), skipped('unit')],
    'errored',
    '1 of 2 jobs never ran: unit',
  ],
  [
    'skipped behind what was cancelled',
    [cancelled('lint'), skipped('unit')],
    'errored',
    '1 of 2 jobs never ran: unit',
  ],
  [
    'more than there is room for',
    many(100, failed),
    'failed',
    '100 of 100 jobs failed: unit (1/100), unit (2/100), unit (3/100), unit (4/100), unit (5/100) and 95 more',
  ],
  [
    'a long title',
    [failed(`node (NODE=${'2'.repeat(300)})`), passed('lint')],
    'failed',
    `1 of 2 jobs failed: node (NODE=${'2'.repeat(48)}…`,
  ],
])('%s', (_, jobs, conclusion, reason) => {
  expect(concludeJobs(jobs)).toEqual({ conclusion, reason })
})

/** What a job may end like, and what that means: with `allowFailure`, and without. */
type Meaning = 'done' | 'failed' | 'errored' | 'cancelled' | 'skipped'
const KINDS: {
  name: string
  conclusion: Conclusion
  exit: Exit | null
  strict: Meaning
  lenient: Meaning
}[] = [
  { name: 'passed', conclusion: 'passed', exit: exited(0), strict: 'done', lenient: 'done' },
  { name: 'exit code', conclusion: 'failed', exit: exited(2), strict: 'failed', lenient: 'done' },
  { name: 'timeout', conclusion: 'failed', exit: TIMED_OUT, strict: 'failed', lenient: 'done' },
  { name: 'signal', conclusion: 'failed', exit: KILLED, strict: 'failed', lenient: 'failed' },
  // Its command passed, or never ran: something else has failed.
  { name: 'exit code 0', conclusion: 'failed', exit: exited(0), strict: 'failed', lenient: 'failed' },
  { name: 'no exit', conclusion: 'failed', exit: null, strict: 'failed', lenient: 'failed' },
  { name: 'error', conclusion: 'errored', exit: null, strict: 'errored', lenient: 'errored' },
  { name: 'cancelled', conclusion: 'cancelled', exit: KILLED, strict: 'cancelled', lenient: 'cancelled' },
  { name: 'skipped', conclusion: 'skipped', exit: null, strict: 'skipped', lenient: 'skipped' },
]
type Kind = { name: string; meaning: Meaning; isAllowed: boolean; job: Omit<EndedJob, 'title'> }
const kinds: Kind[] = KINDS.flatMap(({ name, conclusion, exit, strict, lenient }) =>
  [false, true].map(allowFailure => {
    const meaning = allowFailure ? lenient : strict
    const isAllowed = meaning === 'done' && conclusion !== 'passed'
    const job = { conclusion, exit, reason: null, allowFailure }
    return { name: `${name}${allowFailure ? ', may fail' : ''}`, meaning, isAllowed, job }
  }),
)

/** All sequences of these, up to this length, in any order. */
const sequences = <T>(all: readonly T[], length: number): T[][] =>
  length === 0 ? [[]] : [[], ...sequences(all, length - 1).flatMap(rest => all.map(each => [...rest, each]))]

const TITLES = ['lint', 'unit (4/8)', 'node (NODE=22)', 'e2e']

/** The laws that a combination breaks. They are said of what ended how, and not in the way in which it is computed. */
function brokenLaws(combination: readonly Kind[]): string[] {
  const jobs = combination.map(({ job }, at) => ({ ...job, title: TITLES[at] ?? '' }))
  const { conclusion, reason } = concludeJobs(jobs)
  const titlesOf = (isMeant: (kind: Kind) => boolean) =>
    combination.flatMap((kind, at) => (isMeant(kind) ? [TITLES[at] ?? ''] : []))
  const has = (...meanings: Meaning[]) => combination.some(({ meaning }) => meanings.includes(meaning))
  const isRed = conclusion === 'failed' || conclusion === 'errored'
  const named = TITLES.filter(title => reason?.includes(title))
  const red = titlesOf(({ meaning }) => meaning === 'failed' || meaning === 'errored')
  const allowed = titlesOf(({ isAllowed }) => isAllowed)
  const backwards = concludeJobs(jobs.toReversed()).conclusion
  const withMore = concludeJobs([...jobs, passed('more')]).conclusion
  const laws: Record<string, boolean> = {
    'green only if all are done':
      (conclusion === 'passed') === combination.every(({ meaning }) => meaning === 'done'),
    'red if any job is red': !has('failed', 'errored') || isRed,
    'an error if any died or never started': !has('errored') || conclusion === 'errored',
    'failed if any failed and none died': (has('failed') && !has('errored')) === (conclusion === 'failed'),
    'cancelled only by a request': conclusion !== 'cancelled' || has('cancelled'),
    'never skipped': conclusion !== 'skipped',
    'skipped without a red job is an error': !has('skipped') || isRed,
    'all red jobs are named, and no others': red.length === 0 || isEqual(named, red),
    'allowed failures show': conclusion !== 'passed' || isEqual(named, allowed),
    'their numbers are right':
      red.length === 0 || jobs.length === 1 || countsOf(reason) === countsIn(combination),
    'red has a reason': !isRed || (reason !== null && reason.length > 0),
    'order does not matter': backwards === conclusion,
    'one more that passes changes nothing': withMore === conclusion,
    'it fits into a commit status': (reason ?? '').length <= 140,
    'each is done or red, or neither': jobs.every(
      (job, at) =>
        isDone(job) === (combination[at]?.meaning === 'done') &&
        isRedJob(job) === red.includes(job.title) &&
        isAllowedFailure(job) === allowed.includes(job.title),
    ),
  }
  return Object.keys(laws).filter(law => !laws[law])
}

/** How many errors and failures a sentence speaks of: `1 of 3 …` or `1 of 3 …; 2 failed`. */
function countsOf(reason: string | null): string {
  const [, first, total, , what, failed] =
    /^(\d+) of (\d+) (job|jobs) (failed|ended in an error|never ran): .*?(?:; (\d+) failed: .*)?$/.exec(
      reason ?? '',
    ) ?? []
  return what === 'failed' ? `0, ${first} of ${total}` : `${first}, ${failed ?? 0} of ${total}`
}
const countsIn = (combination: readonly Kind[]) => {
  const count = (searched: Meaning) => combination.filter(({ meaning }) => meaning === searched).length
  return `${count('errored')}, ${count('failed')} of ${combination.length}`
}

const isEqual = (one: readonly string[], other: readonly string[]) => one.join() === other.join()

test('every combination of up to four jobs', () => {
  const three = sequences(kinds, 3)
  // Of four, each combination in one order: the laws say that another one changes nothing.
  const four = sequences(
    kinds.map((_, at) => at),
    4,
  ).flatMap(each =>
    each.length === 4 && each.every((at, index) => at >= (each[index - 1] ?? 0))
      ? [each.flatMap(at => kinds[at] ?? [])]
      : [],
  )
  const combinations = [...three, ...four].filter(({ length }) => length > 0)
  expect(combinations.length).toBe(18 + 18 ** 2 + 18 ** 3 + 5985)
  const broken = combinations.flatMap(each =>
    brokenLaws(each).map(law => `${law}: ${each.map(({ name }) => name).join(' + ')}`),
  )
  expect(broken.slice(0, 20)).toEqual([])
})

test('the sentence of any number of failures and errors fits into a commit status', () => {
  for (const length of [1, 2, 3, 9, 10, 99, 256])
    for (const title of [
      'a',
      'unit (123/256)',
      'a-name-of-thirty-characters-ab',
      'x'.repeat(500),
      '🌍'.repeat(250),
    ])
      for (const [some, others] of [
        [failed, passed],
        [errored, passed],
        [mayFail, passed],
        [(each: string) => cancelled(each, null), passed],
      ] as const) {
        const jobs = Array.from({ length }, (_, at) => some(`${title}${at}`))
        for (const all of [jobs, [...jobs, others('z')]]) {
          const { reason } = concludeJobs(all)
          // Without the reason of a single job, which follows the sentence about it.
          const sentence =
            all.length === 1 || length === 1
              ? (reason ?? '').replace(/(\. The job|: npm).*/, '')
              : (reason ?? '')
          expect(sentence.length).toBeLessThanOrEqual(140)
          expect(sentence.isWellFormed()).toBe(true)
        }
      }
})
