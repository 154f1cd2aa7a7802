import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJobRun, RUN_RECORD_LIMIT, rejectImpossible } from '../../../src/records/job-run.ts'
import { endedRun, runOf } from '../../support/records.ts'

const parse = (value: unknown) =>
  parseJobRun(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
const UNREADABLE = { phase: 'ended', conclusion: 'errored', reason: expect.stringContaining('not readable') }

test('a run survives JSON unchanged', () => {
  const run = endedRun({
    timings: { fetch: 12.5 },
    deploy: {
      stage: 'dev',
      status: 'failed',
      reason: 'x',
      exit: { kind: 'signalled', signal: 'SIGKILL' },
      url: 'https://dev.example.com/',
      by: null,
    },
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
  [
    'an invalid stage name',
    { ...endedRun(), deploy: { stage: '../x', status: 'succeeded', reason: null, exit: null } },
  ],
  ['negative bytes', { ...endedRun(), log: { bytes: -1, complete: true } }],
  ['an invalid time', { ...endedRun(), endedAt: 'now' }],
  ['a missing field', { ...endedRun(), runner: undefined }],
  ['a timing that is a string', { ...endedRun(), timings: { fetch: '1' } }],
  ['a record beyond the size limit', `${JSON.stringify(endedRun())}${' '.repeat(RUN_RECORD_LIMIT)}`],
  ['deep nesting', '['.repeat(30_000)],
])('%s is an errored build', (_, value) => {
  expect(parse(value)).toMatchObject(UNREADABLE)
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

const DEPLOY = {
  stage: 'production',
  status: 'succeeded',
  reason: null,
  exit: null,
  url: null,
  by: null,
} as const
const PLAN = { build: true, reason: 'x', cmd: 'true', stage: 'production', merge: null }

test.each([
  ['a deploy', endedRun({ deploy: DEPLOY })],
  ['the phase of a deploy', runOf({ phase: 'deploying' })],
  ['the stage of a deploy', endedRun({ plan: PLAN })],
])('%s in the record of a job is accepted only with trust "protected"', (_, run) => {
  expect(rejectImpossible(run, { trust: 'protected' })).toEqual(run)
  for (const trust of ['branch', 'fork'] as const)
    expect(rejectImpossible(run, { trust })).toMatchObject({
      phase: 'ended',
      conclusion: 'errored',
      deploy: null,
      plan: null,
    })
})
