import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LEAD_JOB } from '../../../src/admission/grants.ts'
import { describeFailure, reportTriggersOf } from '../../../src/reporting/report-trigger.ts'
import { AT, grantsWith, makeBuild, NONCE } from '../../support/records.ts'

// Report logs each fault that a test causes.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const build = { project: 'gh/ada/web', number: 7 }
const s3Event = (...keys: string[]) => ({
  Records: keys.map(key => ({
    eventTime: AT,
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: 'b' }, object: { key, size: 1 } },
  })),
})

test('the records of a job trigger a report of its build; its claim with the time at which it was written', () => {
  const at = 'gh/ada/web/builds/7/jobs/0/1'
  expect(reportTriggersOf(s3Event(`${at}/claim.json`))).toEqual([
    { build, failure: null, isGone: false, claimedAt: AT },
  ])
  for (const record of ['draft', 'end'])
    expect(reportTriggersOf(s3Event(`${at}/${record}.json`))).toEqual([
      { build, failure: null, isGone: false },
    ])
  // Of the other jobs, report knows by their ends when they were claimed.
  const other = 'gh/ada/web/builds/7/jobs/12/2'
  expect(reportTriggersOf(s3Event(`${other}/claim.json`, `${other}/end.json`))).toEqual([
    { build, failure: null, isGone: false },
  ])
})

test.each<[string, string[], number[]]>([
  ['a cancel request', ['gh/ada/web/builds/7/cancel.json'], [7]],
  ['an encoded key', ['gh%2Fada%2Fweb/builds/7/cancel.json'], [7]],
  ['several keys', ['gh/ada/web/builds/7/cancel.json', 'gh/ada/web/builds/8/cancel.json'], [7, 8]],
  ['a key of no build', ['config/global.json'], []],
  ['a hostile key', ['gh/..%2Fada/web/builds/7/jobs/0/1/end.json'], []],
  ['a key with a space', ['gh/ada/a+b/builds/7/jobs/0/1/end.json'], []],
])('triggers of an S3 event: %s', (_, keys, numbers) => {
  expect(reportTriggersOf(s3Event(...keys))).toEqual(
    numbers.map(number => ({ build: { ...build, number }, failure: null, isGone: false })),
  )
})

test('the end of a branch or pull request triggers a report of its build', () => {
  expect(reportTriggersOf(s3Event('gh/ada/web/builds/7/gone.json'))).toEqual([
    { build, failure: null, isGone: true },
  ])
})

test("the dead man's switch triggers a report of its build", () => {
  expect(reportTriggersOf({ switch: build })).toEqual([{ build, failure: null, isGone: false }])
})

test('another look knows since when something could not be told', () => {
  expect(reportTriggersOf({ switch: { ...build, since: AT } })).toEqual([
    { build, failure: null, isGone: false, since: AT },
  ])
  expect(() => reportTriggersOf({ switch: { ...build, since: 'yesterday' } })).toThrow()
})

test.each<[string, object]>([
  [
    'a key that is not encoded',
    { eventTime: AT, s3: { object: { key: 'gh/ada/web/builds/%zz/jobs/0/1/end.json' } } },
  ],
  ['no time', { s3: { object: { key: 'gh/ada/web/builds/8/jobs/0/1/end.json' } } }],
  ['no object', { eventTime: AT, s3: {} }],
])('a record of an S3 event with %s drops no other', (_, bad) => {
  const { Records } = s3Event('gh/ada/web/builds/6/cancel.json', 'gh/ada/web/builds/7/cancel.json')
  const triggers = reportTriggersOf({ Records: [Records[0], bad, Records[1]] })
  expect(triggers.map(({ build: { number } }) => number)).toEqual([6, 7])
})

const message = { build: makeBuild(), grants: grantsWith() }
/** As in https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
const failureRecord = (change: object = {}, text = JSON.stringify(message)) => ({
  version: '1.0',
  timestamp: '2026-11-20T10:15:00.000Z',
  requestContext: {
    requestId: 'e4b46cbf-b738-xmpl-8880-a18cdf61200e',
    functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:lambci-run-protected:$LATEST',
    condition: 'RetriesExhausted',
    approximateInvokeCount: 1,
  },
  requestPayload: { Records: [{ EventSource: 'aws:sns', Sns: { Type: 'Notification', Message: text } }] },
  responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
  responsePayload: {
    errorMessage: 'RequestId: x Error: Runtime exited with error: signal: killed',
    errorType: 'Runtime.ExitError',
  },
  ...change,
})

test('a failure record triggers a report of its build, with the reason of the failure', () => {
  expect(reportTriggersOf(failureRecord())).toEqual([
    {
      build,
      failure: {
        nonce: NONCE,
        requestId: 'e4b46cbf-b738-xmpl-8880-a18cdf61200e',
        reason: 'its process was killed, most likely for lack of memory',
      },
      isGone: false,
    },
  ])
  // An event that was too old was never passed to a function, so there is no response.
  const { responsePayload: _, responseContext: __, ...record } = failureRecord()
  const requestContext = { ...record.requestContext, condition: 'EventAgeExceeded' }
  for (const dropped of [
    { ...record, requestContext },
    { ...record, requestContext, responsePayload: null },
  ]) {
    expect(reportTriggersOf(dropped)).toMatchObject([
      { failure: { reason: 'no build function was free in time' } },
    ])
  }
})

test('a record of a directly invoked function is understood as well: it has the message without SNS’s envelope', () => {
  const direct = failureRecord({ requestPayload: message })
  expect(reportTriggersOf(direct)).toEqual(reportTriggersOf(failureRecord()))
  expect(reportTriggersOf(snsEventOf(JSON.stringify(direct)))).toEqual(reportTriggersOf(failureRecord()))
  const identity = { name: 'deploy', cell: {}, shard: null }
  const later = failureRecord({
    requestPayload: { ...message, job: { ...LEAD_JOB, key: 3, attempt: 2, identity } },
    requestContext: { requestId: 'dropped', condition: 'EventAgeExceeded' },
    responsePayload: null,
  })
  const failure = { nonce: NONCE, requestId: 'dropped', job: 3, attempt: 2 }
  expect(reportTriggersOf(later)).toMatchObject([{ build, failure }])
})

const envelopeOf = (...texts: string[]) => ({
  Records: texts.map(Message => ({ EventSource: 'aws:sns', Sns: { Type: 'Notification', Message } })),
})

test.each<[string, unknown]>([
  ['no payload', undefined],
  ['a payload of text', JSON.stringify(message)],
  ['a list', [message]],
  ['an envelope in a list', [envelopeOf(JSON.stringify(message))]],
  ['two messages', envelopeOf(JSON.stringify(message), JSON.stringify(message))],
  ['a message beside an envelope', { ...envelopeOf(JSON.stringify(message)), ...message }],
  ['a message beside an empty envelope', { Records: [], ...message }],
  ['an envelope in an envelope', envelopeOf(JSON.stringify(envelopeOf(JSON.stringify(message))))],
  ['an unknown key', { ...message, also: 1 }],
  ['no grants', { build: message.build }],
  ['a hostile project', { ...message, build: { ...message.build, project: 'gh/../x' } }],
  ['a short nonce', { ...message, build: { ...message.build, nonce: 'x' } }],
  ['a job before the first', { ...message, job: { ...LEAD_JOB, key: -1 } }],
  ['an attempt that is no number', { ...message, job: { ...LEAD_JOB, attempt: '1' } }],
])('a failure record with %s is rejected, and ignored if the topic has it', (_, requestPayload) => {
  const hostile = failureRecord({ requestPayload })
  expect(() => reportTriggersOf(hostile)).toThrow()
  const texts = [hostile, failureRecord()].map(each => JSON.stringify(each))
  expect(reportTriggersOf(snsEventOf(...texts))).toEqual(reportTriggersOf(failureRecord()))
})

const snsEventOf = (...messages: string[]) => ({
  Records: messages.map(Message => ({ EventSource: 'aws:sns', Sns: { Type: 'Notification', Message } })),
})

test('failure records are accepted from the failures topic; other messages are ignored', () => {
  const record = JSON.stringify(failureRecord())
  expect(reportTriggersOf(snsEventOf(record))).toEqual(reportTriggersOf(failureRecord()))
  const hostile = JSON.stringify(
    failureRecord({}, JSON.stringify({ ...message, build: { project: 'gh/../x' } })),
  )
  expect(reportTriggersOf(snsEventOf('hello', '{}', hostile, record))).toEqual(
    reportTriggersOf(failureRecord()),
  )
  expect(reportTriggersOf(snsEventOf('null'))).toEqual([])
})

test.each([
  [
    'RetriesExhausted',
    { errorMessage: '2026-11-20 Task timed out after 900.00 seconds' },
    "it ran into the build function's own time limit",
  ],
  [
    'RetriesExhausted',
    { errorType: 'Runtime.OutOfMemory' },
    'its process was killed, most likely for lack of memory',
  ],
  ['RetriesExhausted', { errorMessage: 'boom', errorType: 'Error' }, 'its process ended: boom'],
  ['RetriesExhausted', {}, 'its process ended: nothing more is known'],
  ['RetriesExhausted', { errorMessage: 'x'.repeat(5000) }, `its process ended: ${'x'.repeat(200)}`],
])('%s %j: %s', (condition, response, reason) => {
  expect(describeFailure(condition, response)).toBe(reason)
})

test.each<[string, unknown]>([
  ['an empty event', {}],
  ['null', null],
  ['an event without records', { Records: [] }],
  ['a switch of a hostile project', { switch: { project: 'gh/../..', number: 1 } }],
  ['a switch without a number', { switch: { project: 'gh/ada/web' } }],
  ['a failure whose message is not JSON', failureRecord({}, 'hello')],
  ['a failure of no job message', failureRecord({}, '{"build": {}}')],
  [
    'a failure of a hostile project',
    failureRecord({}, JSON.stringify({ ...message, build: { ...makeBuild(), project: 'gh/../x' } })),
  ],
])('%s is rejected', (_, event) => {
  expect(() => reportTriggersOf(event)).toThrow()
})
