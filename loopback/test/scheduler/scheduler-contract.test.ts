import { randomUUID } from 'node:crypto'
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
} from '@aws-sdk/client-scheduler'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientConfigFromEnv } from '../../../test/support/loopback-aws.ts'
import { startScheduler } from '../../scheduler/scheduler.ts'

/** The contract of every Scheduler. LAMBCI_TEST_SCHEDULER_ENDPOINT selects another server than the loopback one. */
let client: SchedulerClient
let stop = async () => {}

beforeAll(async () => {
  let endpoint = process.env.LAMBCI_TEST_SCHEDULER_ENDPOINT
  if (!endpoint) {
    const directory = mkdtempSync(join(tmpdir(), 'lambci-scheduler-'))
    const scheduler = await startScheduler({ directory, onTarget: () => {} })
    endpoint = scheduler.url
    stop = async () => {
      await scheduler.close()
      rmSync(directory, { recursive: true, force: true })
    }
  }
  client = new SchedulerClient({ endpoint, ...clientConfigFromEnv() })
})
afterAll(async () => {
  client.destroy()
  await stop()
})

const schedule = (settings: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput => ({
  Name: `switch-${randomUUID()}`,
  ScheduleExpression: 'at(2099-01-02T03:04:05)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  ActionAfterCompletion: 'DELETE',
  Target: {
    Arn: 'arn:aws:lambda:us-east-1:123456789012:function:report',
    RoleArn: 'arn:aws:iam::123456789012:role/switch',
    Input: '{"build":7}',
  },
  ...settings,
})

test('GetSchedule returns a schedule as it was created', async () => {
  const input = schedule({ Description: 'Dead man’s switch of a build' })
  const { ScheduleArn } = await client.send(new CreateScheduleCommand(input))
  expect(ScheduleArn).toMatch(
    new RegExp(`^arn:aws:scheduler:[a-z0-9-]+:\\d{12}:schedule/default/${input.Name}$`),
  )
  const { CreationDate, ...found } = await client.send(new GetScheduleCommand({ Name: input.Name }))
  expect(found).toMatchObject({ ...input, Arn: ScheduleArn, GroupName: 'default', State: 'ENABLED' })
  expect(CreationDate).toBeInstanceOf(Date)
  expect(CreationDate?.getFullYear()).toBe(new Date().getFullYear())
})

test('creating a second schedule with the same name is a conflict', async () => {
  const input = schedule()
  await client.send(new CreateScheduleCommand(input))
  await expect(client.send(new CreateScheduleCommand(input))).rejects.toMatchObject({
    name: 'ConflictException',
    $metadata: { httpStatusCode: 409 },
  })
})

test('a deleted schedule is not found, nor can it be deleted again', async () => {
  const { Name } = schedule()
  await client.send(new CreateScheduleCommand(schedule({ Name })))
  await client.send(new DeleteScheduleCommand({ Name }))
  const notFound = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } }
  await expect(client.send(new GetScheduleCommand({ Name }))).rejects.toMatchObject(notFound)
  await expect(client.send(new DeleteScheduleCommand({ Name }))).rejects.toMatchObject(notFound)
})

test('ListSchedules filters by prefix and includes the targets', async () => {
  const prefix = `list-${randomUUID().slice(0, 8)}`
  for (const name of ['b', 'a', 'c'])
    await client.send(new CreateScheduleCommand(schedule({ Name: `${prefix}-${name}` })))
  const { Schedules } = await client.send(new ListSchedulesCommand({ NamePrefix: prefix }))
  expect(Schedules?.map(({ Name }) => Name).toSorted()).toEqual([`${prefix}-a`, `${prefix}-b`, `${prefix}-c`])
  expect(Schedules?.[0]).toMatchObject({
    GroupName: 'default',
    State: 'ENABLED',
    Target: { Arn: 'arn:aws:lambda:us-east-1:123456789012:function:report' },
  })
})
