import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type Listening, listen } from '../../../loopback/loopback.ts'
import { type JobMessage, LEAD_JOB } from '../../../src/admission/grants.ts'
import { openJobStarter, type PublishJob } from '../../../src/admission/publish-job.ts'
import {
  MOST_ATTEMPTS,
  messageToStart,
  PAUSE_MS,
  startEventOf,
  startWhenReady,
} from '../../../src/admission/start-later.ts'
import { FunctionNotReady, openFunctions } from '../../../src/aws/functions.ts'
import { pointAwsAt } from '../../support/loopback-aws.ts'
import { grantsWith, makeBuild } from '../../support/records.ts'

/** Answers of Lambda for a function whose image is not ready, from its API reference. */
const REFUSALS = {
  'has rested': [409, 'CodeArtifactUserPendingException'],
  'was deployed': [409, 'ResourceConflictException'],
  'loads its image': [502, 'ResourceNotReadyException'],
} as const

let server: Listening
let refusals: (readonly [status: number, type: string])[] = []
let accepted = 0
beforeAll(async () => {
  server = await listen(async (_, response) => {
    const [status, type] = refusals.shift() ?? [202, null]
    if (status === 202) accepted += 1
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(type && { 'x-amzn-errortype': type }),
    })
    response.end(
      type ? JSON.stringify({ Type: 'User', message: 'The function is in the state Pending.' }) : '',
    )
  }, {})
  pointAwsAt({ lambda: server.url })
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
})
beforeEach(() => {
  refusals = []
  accepted = 0
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

const message: JobMessage = { build: makeBuild(), job: LEAD_JOB, grants: grantsWith() }
const starter = (startLater: PublishJob) =>
  openJobStarter({
    publish: async () => '',
    topicArn: '',
    invoke: openFunctions(),
    functions: {
      protected: 'arn:aws:lambda:us-east-1:123456789012:function:lambci-run-protected',
      deploy: '',
    },
    hasTenants: true,
    startLater,
  })
const startNow = starter(async () => {
  throw new FunctionNotReady('not ready')
})

test.each(Object.entries(REFUSALS))(
  'a job whose function %s is left to report, which gets its message',
  async (_, refusal) => {
    refusals = [refusal]
    const later: JobMessage[] = []
    await starter(async each => void later.push(each))(message)
    expect([later, accepted]).toEqual([[message], 0])
    expect(messageToStart(JSON.parse(JSON.stringify(startEventOf(message))))).toEqual(message)
  },
)

test('report starts it as soon as the function is ready', async () => {
  refusals = [REFUSALS['has rested'], REFUSALS['has rested']]
  let pauses = 0
  await startWhenReady(message, startNow, async () => void pauses++)
  expect([pauses, accepted]).toEqual([2, 1])
})

test('report gives up before its own time limit, so that Lambda invokes it again', async () => {
  refusals = Array(50).fill(REFUSALS['has rested'])
  let pauses = 0
  await expect(startWhenReady(message, startNow, async () => void pauses++)).rejects.toThrow(FunctionNotReady)
  expect(pauses).toBe(MOST_ATTEMPTS - 1)
  // The report function times out after 120 seconds.
  expect(pauses * PAUSE_MS).toBeLessThan(100_000)
  expect(accepted).toBe(0)
})

test('another refusal is a fault at once', async () => {
  refusals = [[403, 'AccessDeniedException']]
  const later: JobMessage[] = []
  const start = starter(async each => void later.push(each))
  await expect(start(message)).rejects.toMatchObject({ name: 'AccessDeniedException' })
  refusals = [[403, 'AccessDeniedException']]
  await expect(startWhenReady(message, startNow, async () => {})).rejects.toMatchObject({
    name: 'AccessDeniedException',
  })
  expect(later).toEqual([])
})

test.each([
  [{ start: {} }],
  [{ start: message, more: 1 }],
  [{ switch: { project: 'gh/ada/web', number: 1 } }],
  [null],
])('no other event starts a job', event => {
  expect(messageToStart(event)).toBeNull()
})
