import { createHmac, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { readTemplate } from '../../../loopback/system/template.ts'
import { probeSchema } from '../../../src/admission/probe.ts'
import { openFunctions } from '../../../src/aws/functions.ts'
import { type JobTrust, jobTrustSchema } from '../../../src/model/trust.ts'
import { probeAnswerKey, probeAnswerSchema, probeRequestKey } from '../../../src/records/probe.ts'
import { pointAwsAt } from '../../support/loopback-aws.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../support/test-system.ts'

/** Prints its environment, and fails. */
const SCRIPT = `echo "variables: $(env | cut -d= -f1 | sort | tr '\\n' ' ')"
[ "$HOME" = "$PWD" ] && [ -z "$(ls -A "$HOME")" ] && echo 'the home is new and empty'
printf 'FAULT  aws  \\033[31mnot there\\033[0m\\n' >&2
exit 3
`

let directory: string
let ci: TestSystem
let events: unknown[] = []
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-self-test-'))
  const script = join(directory, 'smoke-test.sh')
  await writeFile(script, SCRIPT)
  ci = await openTestSystem({
    mixesTenants: true,
    environment: { LAMBCI_SMOKE_TEST: script, LAMBCI_LOG_FORMAT: 'json' },
    interceptEvent: (event, deliver) => {
      events.push(event)
      return deliver()
    },
  })
})
beforeEach(() => {
  events = []
})
afterEach(() => void vi.unstubAllEnvs())
afterAll(async () => {
  await ci.close()
  await rm(directory, { recursive: true })
})

/** Requests a self-test, as a deploy does. */
async function request(change: { key?: string; requestedAt?: string; header?: string } = {}) {
  const id = randomBytes(16).toString('hex')
  const key = randomBytes(32).toString('hex')
  const stored = { key, requestedAt: change.requestedAt ?? new Date().toISOString() }
  await ci.system.store.put(probeRequestKey(id), JSON.stringify(stored), 'application/json')
  const body = JSON.stringify({ selfTest: id })
  const signature = `sha256=${createHmac('sha256', change.key ?? key)
    .update(body)
    .digest('hex')}`
  const answer = await fetch(`${ci.system.addresses.url}/self-test`, {
    method: 'POST',
    body,
    headers: { 'x-lambci-signature-256': change.header ?? signature },
  })
  return { id, status: answer.status }
}

const answerOf = async (id: string, trust: JobTrust) => {
  const stored = await ci.system.store.get(probeAnswerKey(id, trust))
  return stored && probeAnswerSchema.parse(JSON.parse(Buffer.from(stored.body).toString()))
}

test('a self-test goes through the URL, SNS and report to all four functions, which answer with the result of the smoke test', async () => {
  const { id, status } = await request()
  expect(status).toBe(202)
  for (const trust of jobTrustSchema.options) {
    const answer = await ci.until(`the answer of ${trust}`, () => answerOf(id, trust))
    expect(answer).toMatchObject({ trust, exitCode: 3, architecture: process.arch })
    // Neither credentials, nor variables of the function, nor what a build has left behind.
    expect(answer.lines).toEqual([
      expect.stringMatching(/^variables: (_ )?HOME LANG PATH PWD SHELL SHLVL TMPDIR( _)? $/),
      'the home is new and empty',
      'FAULT  aws  \\x1b[31mnot there\\x1b[0m',
    ])
  }
})

test('a self-test with another key, an old one, and one that nobody requested are refused, and start nothing', async () => {
  const longAgo = new Date(Date.now() - 3_600_000).toISOString()
  const changes = [{ key: 'f'.repeat(64) }, { requestedAt: longAgo }, { header: 'sha256=' }, { header: 'no' }]
  for (const change of changes) expect((await request(change)).status).toBe(403)
  const post = async (body: string) =>
    (await fetch(`${ci.system.addresses.url}/self-test`, { method: 'POST', body })).status
  expect(await post(JSON.stringify({ selfTest: '0'.repeat(32) }))).toBe(403)
  expect(await post('{"selfTest": "../../secrets/runner"}')).toBe(403)
  expect(await post('no JSON')).toBe(403)
  expect(await post('x'.repeat(2000))).toBe(413)
  await ci.settled()
  expect(events.filter(event => JSON.stringify(event).includes('probe'))).toEqual([])
})

test('the schedule has report ping all four functions', async () => {
  const { resources } = await readTemplate({
    ...{ stack: 'lambci', account: '000000000000', region: 'us-east-1' },
    parameters: { ArtifactBucket: 'a', HttpBundle: 'b', ReportBundle: 'c', BuildImage: 'd' },
  })
  const schedules = resources.filter(({ type }) => type === 'AWS::Scheduler::Schedule')
  expect(schedules.map(({ properties }) => properties)).toMatchObject([
    { ScheduleExpression: 'rate(3 days)', Target: { Arn: ci.system.lambda.arn('lambci-report') } },
  ])
  const target = schedules[0]?.properties.Target as { Input: string } | undefined
  const keys = ci.system.servers.sts.issue('arn:aws:iam::000000000000:role/lambci-scheduler')
  pointAwsAt({ lambda: ci.system.addresses.lambda })
  vi.stubEnv('AWS_ACCESS_KEY_ID', keys.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', keys.secretAccessKey)
  vi.stubEnv('AWS_SESSION_TOKEN', keys.sessionToken)
  await openFunctions()(ci.system.lambda.arn('lambci-report'), JSON.parse(target?.Input ?? ''))
  const pinged = () => events.flatMap(event => probeSchema.safeParse(messageIn(event)).data?.probe ?? [])
  await ci.until('the pings', async () => pinged().length === 4)
  expect(pinged().map(({ answer }) => answer)).toEqual([null, null, null, null])
  expect(new Set(pinged().map(({ trust }) => trust))).toEqual(new Set(jobTrustSchema.options))
})

function messageIn(event: unknown): unknown {
  const message = (event as { Records?: { Sns?: { Message: string } }[] }).Records?.[0]?.Sns?.Message
  return message === undefined ? event : JSON.parse(message)
}

test('each line of the log is one JSON object, which names the build and the job', async () => {
  const build = { project: 'gh/ada/logged', number: 1 }
  await ci.push(await ci.write(lambciJson('exit 1')), 'ada/logged', 'master')
  await ci.ended(build)
  const events = () =>
    ci.lines.map(line => {
      const [, name = '', text = ''] = /^(lambci-[a-z-]+): (.*)$/.exec(line) ?? []
      return { name, ...JSON.parse(text) }
    })
  const label = 'gh/ada/logged#1'
  await ci.until('the events', async () =>
    ['lambci-http', 'lambci-run-protected', 'lambci-report'].every(name =>
      events().some(event => event.name === name && event.build === label),
    ),
  )
  const own = events().filter(event => event.build === label)
  const request = { event: 'request', method: 'POST', path: '/webhook', status: 202, level: 'info' }
  expect(own).toContainEqual(expect.objectContaining({ ...request, delivery: expect.any(String) }))
  expect(own).toContainEqual(
    expect.objectContaining({ event: 'job', job: 0, attempt: 1, durationMs: expect.any(Number) }),
  )
  expect(own).toContainEqual(expect.objectContaining({ event: 'report', requestId: expect.any(String) }))
})
