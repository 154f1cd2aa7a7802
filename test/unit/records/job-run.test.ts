import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JobFailure } from '../../../src/model/failure.ts'
import { parseJobRun, RUN_RECORD_LIMIT, rejectImpossible } from '../../../src/records/job-run.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY } from '../../support/plans.ts'
import { AT, endedRun, runOf } from '../../support/records.ts'

const parse = (value: unknown) =>
  parseJobRun(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
const TESTS = { passed: 1, failed: 1, errored: 0, skipped: 0, flaky: 0 }
const FAILURE: JobFailure = {
  ...{ source: 'log', test: 's › a', excerpt: ['no'], file: 'a.js', line: 1, logLine: 12 },
}
const UNREADABLE = { phase: 'ended', conclusion: 'errored', reason: expect.stringContaining('not readable') }

test('a run survives JSON unchanged', () => {
  const run = endedRun({
    timings: { fetch: 12.5 },
    exit: { kind: 'signalled', signal: 'SIGKILL' },
    tests: TESTS,
    failure: FAILURE,
    notifications: {
      on: 'change',
      slack: null,
      sns: { topicArn: 'arn:aws:sns:us-east-1:123456789012:builds' },
    },
  })
  expect(parse(run)).toEqual(run)
})

test.each<[string, unknown]>([
  ['an empty record', ''],
  ['truncated JSON', '{"phase": "ended"'],
  ['null', 'null'],
  ['a list', []],
  ['an unknown phase', { ...runOf(), phase: 'green' }],
  ['an unknown conclusion', { ...endedRun(), conclusion: 'success' }],
  ['an exit code that is a string', { ...endedRun(), exit: { kind: 'exited', code: '0' } }],
  ['an exit code out of range', { ...endedRun(), exit: { kind: 'exited', code: 256 } }],
  ['an exit without a kind', { ...endedRun(), exit: { code: 0 } }],
  ['a long reason', { ...endedRun(), reason: 'x'.repeat(501) }],
  ['an invalid stage name', { ...endedRun(), plan: { ...endedRun().plan, stage: '../x' } }],
  ['the phase of deploys that earlier versions had', { ...runOf(), phase: 'deploying' }],
  ['negative bytes', { ...endedRun(), log: { bytes: -1, complete: true } }],
  ['an invalid time', { ...endedRun(), endedAt: 'now' }],
  ['a time with any number of digits', { ...endedRun(), endedAt: AT.replace('Z', `${'0'.repeat(1000)}Z`) }],
  ['a signal that is none', { ...endedRun(), exit: { kind: 'signalled', signal: 'SIG\u001b[2J' } }],
  ['a missing field', { ...endedRun(), runner: undefined }],
  ['a timing that is a string', { ...endedRun(), timings: { fetch: '1' } }],
  ['a record beyond the size limit', `${JSON.stringify(endedRun())}${' '.repeat(RUN_RECORD_LIMIT)}`],
  ['a million tests', { ...endedRun(), tests: { ...TESTS, passed: 1_000_000 } }],
  ['less than no test', { ...endedRun(), tests: { ...TESTS, passed: -1 } }],
  ['more tests than are read, in all', { ...endedRun(), tests: { ...TESTS, passed: 20_000 } }],
  ['more flaky tests than passed', { ...endedRun(), tests: { ...TESTS, flaky: 2 } }],
  ['a long title of a test', { ...endedRun(), failure: { ...FAILURE, test: 'x'.repeat(604) } }],
  ['a long line of an excerpt', { ...endedRun(), failure: { ...FAILURE, excerpt: ['x'.repeat(301)] } }],
  ['a long excerpt', { ...endedRun(), failure: { ...FAILURE, excerpt: Array(21).fill('x') } }],
  [
    'a large excerpt',
    { ...endedRun(), failure: { ...FAILURE, excerpt: Array(20).fill('\u0000'.repeat(40)) } },
  ],
  ['a line that is none', { ...endedRun(), failure: { ...FAILURE, line: 'x' } }],
  ['a line of the log that is none', { ...endedRun(), failure: { ...FAILURE, logLine: 0 } }],
  ['deep nesting', '['.repeat(30_000)],
])('%s is an errored build', (_, value) => {
  expect(parse(value)).toMatchObject(UNREADABLE)
})

test('a draft survives JSON unchanged', () => {
  const node = draftedJob('node', { cells: [{ NODE: '22', OS: 'ä b' }, {}], shards: 256, needs: ['lint'] })
  const run = runOf({
    draft: draftWith([draftedJob('lint'), node], {
      leftOut: [{ name: 'docs', reason: 'x' }],
      deploys: [{ ...PLANNED_DEPLOY, url: 'https://dev.example.com/' }],
    }),
  })
  expect(parse(run)).toEqual(run)
})

/** A record whose draft has one job, or one value, of another form. */
const withJob = (change: object) => ({ ...runOf(), draft: draftWith([{ ...draftedJob('unit'), ...change }]) })
const withDraft = (change: object) => ({
  ...runOf(),
  draft: { ...draftWith([draftedJob('unit')]), ...change },
})

test.each<[string, unknown]>([
  ['a draft that is a string', { ...runOf(), draft: 'unit' }],
  ['a draft without jobs', withDraft({ jobs: undefined })],
  ['jobs that are no list', withDraft({ jobs: { unit: {} } })],
  ['10,000 jobs', withDraft({ jobs: Array.from({ length: 10_000 }, (_, at) => draftedJob(`j${at}`)) })],
  ['a name that is a path', withJob({ name: '../../7' })],
  ['a name in capital letters', withJob({ name: 'Unit' })],
  ['a name that is too long', withJob({ name: 'x'.repeat(31) })],
  ['no name', withJob({ name: '' })],
  ['no cell', withJob({ cells: [] })],
  ['a cell that is a list', withJob({ cells: [['22']] })],
  ['a value that is a number', withJob({ cells: [{ NODE: 22 }] })],
  ['a value with a line break', withJob({ cells: [{ NODE: '22\nPassed' }] })],
  ['a value with an escape sequence', withJob({ cells: [{ NODE: '\u001b[2J' }] })],
  ['a value that reverses the text', withJob({ cells: [{ NODE: '\u202e22' }] })],
  ['half of a character', withJob({ cells: [{ NODE: '\ud800' }] })],
  ['a value that is too long', withJob({ cells: [{ NODE: 'x'.repeat(201) }] })],
  ['a variable with a line break', withJob({ cells: [{ 'NODE\n': '22' }] })],
  ['a variable that is too long', withJob({ cells: [{ ['X'.repeat(101)]: '22' }] })],
  ['no shard', withJob({ shards: 0 })],
  ['a part of a shard', withJob({ shards: 1.5 })],
  ['as many shards as fit into a number', withJob({ shards: Number.MAX_SAFE_INTEGER })],
  ['needs that are objects', withJob({ needs: [{ job: 'lint' }] })],
  ['a need that is no name', withJob({ needs: ['*'] })],
  ['more needs than there may be jobs', withJob({ needs: Array.from({ length: 257 }, (_, at) => `j${at}`) })],
  ['a flag that is a string', withJob({ allowFailure: 'true' })],
  ['no flag', withJob({ hasSecrets: undefined })],
  ['nothing about a deploy, as in earlier versions', withDraft({ deploys: undefined })],
  ['a deploy that is a stage', withDraft({ deploys: ['production'] })],
  ['a stage that is a path', withDraft({ deploys: [{ ...PLANNED_DEPLOY, stage: '../x' }] })],
  ['a deploy of nobody knows what', withDraft({ deploys: [{ ...PLANNED_DEPLOY, digest: undefined }] })],
  ['a digest that is too long', withDraft({ deploys: [{ ...PLANNED_DEPLOY, digest: 'x'.repeat(65) }] })],
  ['a deploy with a long error', withDraft({ deploys: [{ ...PLANNED_DEPLOY, error: 'x'.repeat(501) }] })],
  ['no jobs at once', withDraft({ maxParallel: 0 })],
  ['a long reason', withDraft({ leftOut: [{ name: 'docs', reason: 'x'.repeat(301) }] })],
])('%s in a draft is an errored build', (_, value) => {
  expect(parse(value)).toMatchObject({ ...UNREADABLE, draft: null })
})

test('the draft of a version with one deploy for each build has that deploy', () => {
  const { deploys: _, ...draft } = draftWith([draftedJob('unit')])
  const { isManual: _manual, hasVerify: _verify, ...deploy } = PLANNED_DEPLOY
  expect(parse({ ...runOf(), draft: { ...draft, deploy } }).draft?.deploys).toEqual([PLANNED_DEPLOY])
  expect(parse({ ...runOf(), draft: { ...draft, deploy: null } }).draft?.deploys).toEqual([])
})

test('a variable called __proto__ in a draft changes no prototype', () => {
  const text = JSON.stringify(withJob({ cells: [{ NODE: '22' }] })).replace('"NODE"', '"__proto__"')
  const { draft } = parse(text)
  expect(Object.getPrototypeOf(draft?.jobs[0]?.cells[0] ?? {})).toBe(Object.prototype)
  expect({}).not.toHaveProperty('22')
})

test('bytes that are not UTF-8 are an errored build', () => {
  expect(parseJobRun(Uint8Array.of(0xff, 0xfe, 0x00))).toMatchObject(UNREADABLE)
})

test('any JSON is a run or an errored build, and pollutes no prototype', () => {
  fc.assert(
    fc.property(fc.json(), text => {
      expect(parse(text)).toMatchObject(UNREADABLE)
    }),
  )
  const run = parse(JSON.stringify(endedRun()).replace('{', '{"__proto__": {"polluted": 1}, "more": 1,'))
  expect(run).toEqual(endedRun())
  expect({}).not.toHaveProperty('polluted')
})

const PLAN = { build: true, reason: 'x', cmd: 'true', stage: 'production', merge: null }

test('the stage of a deploy in the record of a job is accepted only with trust "protected"', () => {
  for (const run of [runOf({ plan: PLAN }), endedRun({ plan: PLAN })]) {
    expect(rejectImpossible(run, { trust: 'protected' })).toEqual(run)
    for (const trust of ['branch', 'fork'] as const)
      expect(rejectImpossible(run, { trust })).toMatchObject({
        phase: 'ended',
        conclusion: 'errored',
        reason: expect.stringContaining('cannot have done'),
        plan: null,
      })
  }
})

test('what a job says of having deployed is not read', () => {
  const deploy = { stage: 'production', status: 'succeeded', reason: null, exit: null, url: null }
  expect(parse({ ...endedRun(), deploy })).toEqual(endedRun())
})

test.each(['javascript:alert(1)', 'data:text/html,x', 'ftp://example.com/', 7, `https://${'x'.repeat(600)}`])(
  'a stage at %j has no link',
  url => {
    expect(parse(withDraft({ deploys: [{ ...PLANNED_DEPLOY, url }] })).draft?.deploys).toEqual([
      PLANNED_DEPLOY,
    ])
  },
)
