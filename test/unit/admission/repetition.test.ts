import { expect, test } from 'vitest'
import { chooseJob, explainRepeating } from '../../../src/admission/repetition.ts'
import { FLAKY_EVENT, isOwnEvent, parseSignedRequest } from '../../../src/admission/signed-requests.ts'
import {
  AT,
  after,
  endedRun,
  JOB_STATES,
  makeBuild,
  recordsWithJobs,
  reportOf,
} from '../../support/records.ts'

const END = { conclusion: 'failed', reason: null, deploy: null, endedAt: AT } as const
type Job = Parameters<typeof recordsWithJobs>[0][number]
const { failed } = JOB_STATES
const choose = (jobs: readonly Job[], wanted?: string) =>
  chooseJob(recordsWithJobs(jobs, { report: { end: END } }), wanted)

test.each<[string, Job[], string | undefined, string]>([
  [
    'the first one that failed',
    [{ name: 'a' }, { name: 'b', state: failed }, { name: 'c', state: failed }],
    undefined,
    'b',
  ],
  ['one that failed as it may', [{ name: 'a', allowFailure: true, state: failed }], undefined, 'a'],
  [
    'or else one that failed first',
    [{ name: 'a' }, { name: 'b', state: { attempt: 2, failed: [1] } }],
    undefined,
    'b',
  ],
  ['the one with this title', [{ name: 'a', state: failed }, { name: 'b' }], 'b', 'b'],
])('a build is repeated by %s', (_, jobs, wanted, expected) => {
  expect(choose(jobs, wanted)).toEqual({ job: expected })
})

test.each<[string, Job[], string | undefined, string]>([
  [
    'nothing has failed',
    [{ name: 'a' }],
    undefined,
    'No job has failed in build #7 of ada/web. Name one with --job.',
  ],
  [
    'there is no such job',
    [{ name: 'a' }],
    'x',
    'Build #7 of ada/web has no job with this title. It has these: a.',
  ],
  [
    'it was skipped',
    [{ name: 'a', state: JOB_STATES.skipped }],
    'a',
    'The job of Build #7 of ada/web was not run to its end: it is skipped.',
  ],
  [
    'it deploys',
    [{ name: 'deploy', isDeploy: true, state: failed }],
    undefined,
    'No job has failed in build #7 of ada/web. Name one with --job.',
  ],
])('no job is repeated if %s', (_, jobs, wanted, refused) => {
  expect(choose(jobs, wanted)).toEqual({ refused })
})

test('the job of a build that has only one is called build', () => {
  const run = endedRun({ conclusion: 'failed', exit: { kind: 'exited', code: 1 } })
  const records = { build: makeBuild(), run, report: reportOf({ end: END }) }
  expect(chooseJob(records, undefined)).toEqual({ job: 'build' })
})

test('a build that only repeats a job names the one to rebuild, deploy or repeat', () => {
  const build = makeBuild({ number: 8, rebuildOf: 7, repeats: { job: 'unit', times: 3 } })
  const why = 'Build #8 of ada/web only repeats unit of #7. Name that build: lambci'
  expect(explainRepeating(build, 'rebuild')).toBe(`${why} rebuild ada/web#7`)
  expect(explainRepeating(build, 'flaky')).toBe(`${why} flaky ada/web#7`)
  expect(explainRepeating(build, 'deploy')).toBe(`${why} deploy ada/web STAGE --build 7`)
  expect(explainRepeating(makeBuild({ rebuildOf: 7 }), 'rebuild')).toBeNull()
})

test('a request to repeat a job is our own, and bounded', () => {
  expect(isOwnEvent(FLAKY_EVENT)).toBe(true)
  const signed = { event: FLAKY_EVENT, id: crypto.randomUUID(), at: after(0).toISOString() }
  const request = { ...signed, project: 'gh/ada/web', number: 1, times: 50, job: 'unit (1/2)' }
  const parse = (payload: object) => parseSignedRequest(payload, after(60))
  expect(parse(request)).toEqual(request)
  for (const times of [0, 51, 1.5, '20'])
    expect(parse({ ...request, times })).toEqual({ error: 'Invalid flaky request: check times.' })
  for (const job of ['', 'x'.repeat(501)])
    expect(parse({ ...request, job })).toEqual({ error: 'Invalid flaky request: check job.' })
})
