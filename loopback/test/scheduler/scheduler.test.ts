import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler'
import { expect, onTestFinished, test } from 'vitest'
import { startScheduler } from '../../scheduler/scheduler.ts'

const REPORT = 'arn:aws:lambda:us-east-1:123456789012:function:report'
const START = Date.parse('2030-01-01T00:00:00Z')

function scratchDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'lambci-scheduler-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Starts a scheduler with a manual clock, set to 2030. Records the calls for which `fail` returns false. */
async function start(directory = scratchDirectory(), fail: () => boolean = () => false) {
  const clock = { time: START, now: () => clock.time }
  const calls: { arn: string; input: unknown }[] = []
  const onTarget = async (arn: string, input: unknown) => {
    if (fail()) throw new Error('The target is unavailable')
    calls.push({ arn, input })
  }
  const scheduler = await startScheduler({ directory, clock, onTarget })
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const client = new SchedulerClient({ endpoint: scheduler.url, region: 'us-east-1', credentials })
  let open = true
  const close = async () => {
    if (open) await scheduler.close()
    open = false
    client.destroy()
  }
  onTestFinished(close)
  const create = (settings: Partial<CreateScheduleCommandInput> = {}) =>
    client.send(new CreateScheduleCommand(schedule(settings)))
  return { ...scheduler, client, clock, calls, close, create }
}

const schedule = (settings: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput => ({
  Name: 'switch',
  ScheduleExpression: 'at(2030-01-01T00:10:00)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  ActionAfterCompletion: 'DELETE',
  Target: { Arn: REPORT, RoleArn: 'arn:aws:iam::123456789012:role/switch', Input: '{"build":7}' },
  ...settings,
})
const minutes = (count: number) => count * 60_000

test('a due target is called once, and its schedule is deleted', async () => {
  const { create, clock, calls, runDue, schedules } = await start()
  await create()
  clock.time = START + minutes(10) - 1
  await runDue()
  expect(calls).toEqual([])
  clock.time += 1
  await runDue()
  await runDue()
  expect(calls).toEqual([{ arn: REPORT, input: { build: 7 } }])
  expect(schedules()).toEqual([])
})

test('a due target is called without calling runDue', async () => {
  const { create, clock, calls } = await start()
  await create()
  clock.time = START + minutes(10)
  await expect.poll(() => calls, { timeout: 30_000 }).toHaveLength(1)
})

test('a schedule with ActionAfterCompletion NONE is kept but not called again', async () => {
  const { create, clock, calls, runDue, client } = await start()
  await create({ ActionAfterCompletion: 'NONE' })
  clock.time = START + minutes(11)
  await runDue()
  await runDue()
  expect(calls).toHaveLength(1)
  expect(await client.send(new GetScheduleCommand({ Name: 'switch' }))).toMatchObject({ Name: 'switch' })
})

test('a disabled or deleted schedule is not called', async () => {
  const { create, clock, calls, runDue, client } = await start()
  await create({ State: 'DISABLED' })
  await create({ Name: 'deleted' })
  await client.send(new DeleteScheduleCommand({ Name: 'deleted' }))
  clock.time = START + minutes(11)
  await runDue()
  expect(calls).toEqual([])
})

test('a schedule that became due while the server was down is called after a restart', async () => {
  const directory = scratchDirectory()
  const first = await start(directory)
  await first.create()
  await first.close()
  const second = await start(directory)
  expect(second.schedules()).toMatchObject([{ name: 'switch', createdAt: START }])
  second.clock.time = START + minutes(60)
  await second.runDue()
  expect(second.calls).toHaveLength(1)
})

test('a failed target is retried, until its retries are exhausted', async () => {
  let attempts = 0
  const { create, clock, calls, runDue, schedules } = await start(scratchDirectory(), () => ++attempts <= 2)
  await create()
  const { Target } = schedule()
  await create({ Name: 'without-retries', Target: { ...Target!, RetryPolicy: { MaximumRetryAttempts: 0 } } })
  clock.time = START + minutes(10)
  await runDue()
  expect(schedules()).toMatchObject([{ name: 'switch', failures: 1, dueAt: clock.time + 1000 }])
  clock.time += 1000
  await runDue()
  expect(calls).toHaveLength(1)
  expect(schedules()).toEqual([])
})

test('a client token makes a repeated request idempotent, but a different request is a conflict', async () => {
  const { create, schedules } = await start()
  const first = await create({ ClientToken: 'once' })
  expect(await create({ ClientToken: 'once' })).toMatchObject({ ScheduleArn: first.ScheduleArn })
  expect(schedules()).toHaveLength(1)
  await expect(
    create({ ClientToken: 'once', ScheduleExpression: 'at(2030-01-01T00:20:00)' }),
  ).rejects.toMatchObject({ name: 'ConflictException' })
})

test.each<[string, Partial<CreateScheduleCommandInput>, string]>([
  ['a rate', { ScheduleExpression: 'rate(5 minutes)' }, 'Schedule.ScheduleExpression'],
  ['a cron expression', { ScheduleExpression: 'cron(0 1 * * ? *)' }, 'Schedule.ScheduleExpression'],
  [
    'a day that does not exist',
    { ScheduleExpression: 'at(2030-02-30T00:00:00)' },
    'Schedule.ScheduleExpression',
  ],
  ['a time with a zone', { ScheduleExpression: 'at(2030-01-01T00:00:00Z)' }, 'Schedule.ScheduleExpression'],
  ['another time zone', { ScheduleExpressionTimezone: 'Europe/Berlin' }, 'ScheduleExpressionTimezone'],
  ['a flexible window', { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }, 'Schedule.FlexibleTimeWindow.Mode'],
  ['a name that is too long', { Name: 'x'.repeat(65) }, 'Name'],
  ['a name with a space', { Name: 'a b' }, 'Name'],
  ['input that is not JSON', { Target: { ...schedule().Target!, Input: '{' } }, 'Schedule.Target.Input'],
  [
    'a target that is not a function',
    { Target: { ...schedule().Target!, Arn: 'arn:aws:sqs:x' } },
    'Target.Arn',
  ],
  ['a start date', { StartDate: new Date() }, 'StartDate'],
])('%s is refused with the name of the key', async (_, settings, key) => {
  const { create, schedules } = await start()
  await expect(create(settings)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining(key),
  })
  expect(schedules()).toEqual([])
})

test('an unknown group is not found', async () => {
  const { create } = await start()
  await create({ GroupName: 'default' })
  await expect(create({ GroupName: 'other' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

test('a long list is paginated', async () => {
  const { create, client } = await start()
  for (const Name of ['a', 'b', 'c']) await create({ Name })
  const first = await client.send(new ListSchedulesCommand({ MaxResults: 2 }))
  const second = await client.send(new ListSchedulesCommand({ MaxResults: 2, NextToken: first.NextToken }))
  expect([first, second].map(({ Schedules }) => Schedules?.map(({ Name }) => Name))).toEqual([
    ['a', 'b'],
    ['c'],
  ])
  expect(second.NextToken).toBeUndefined()
})

test('an unsupported operation is answered with 501', async () => {
  const { client } = await start()
  await expect(client.send(new UpdateScheduleCommand(schedule()))).rejects.toMatchObject({
    message: 'The loopback scheduler does not implement PUT for this path.',
    $metadata: { httpStatusCode: 501, attempts: 1 },
  })
})
