import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Scheduler, startScheduler } from '../../../loopback/scheduler/scheduler.ts'
import {
  type DeadMansSwitch,
  lookName,
  openDeadMansSwitch,
  switchName,
} from '../../../src/admission/dead-mans-switch.ts'
import { latestEndAfter, switchTimeOf } from '../../../src/admission/deadlines.ts'
import { openScheduler } from '../../../src/aws/scheduler.ts'
import { pointAwsAt } from '../../support/loopback-aws.ts'
import { after, makeBuild } from '../../support/records.ts'

const TARGET = {
  functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:lambci-report',
  roleArn: 'arn:aws:iam::123456789012:role/lambci-scheduler',
}
let scheduler: Scheduler
let directory: string
let deadMansSwitch: DeadMansSwitch
let time = after(0).getTime()
const invocations: unknown[] = []
const onTarget = async (arn: string, input: unknown) => void invocations.push([arn, input])

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-switch-'))
  scheduler = await startScheduler({
    directory,
    groups: ['lambci'],
    clock: { now: () => time },
    onTarget,
  })
  pointAwsAt({ scheduler: scheduler.url })
  deadMansSwitch = openDeadMansSwitch(openScheduler('lambci'), TARGET)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await scheduler.close()
  await rm(directory, { recursive: true, force: true })
})

const build = (number: number) => ({ project: 'gh/ada/web', number })
const names = () => scheduler.schedules().map(({ name }) => name)

test('a switch that is set twice keeps its first time', async () => {
  await deadMansSwitch.set(build(1), after(60))
  await deadMansSwitch.set(build(1), after(600))
  expect(names()).toEqual([switchName(build(1))])
  time = after(61).getTime()
  await scheduler.runDue()
  expect(invocations).toEqual([
    ['arn:aws:lambda:us-east-1:123456789012:function:lambci-report', { switch: build(1) }],
  ])
  expect(names()).toEqual([])
})

test('a switch never fires before its time, whatever the fraction of a second', async () => {
  const at = new Date(time + 60_000)
  for (const ms of [0, 1, 900]) {
    const due = at.getTime() + ms
    await deadMansSwitch.set(build(5), new Date(due))
    time = due - 1
    await scheduler.runDue()
    expect(names()).toEqual([switchName(build(5))])
    time = at.getTime() + 1000
    await scheduler.runDue()
    expect(names()).toEqual([])
    at.setTime(time + 60_000)
  }
})

test('a switch can be cleared twice, and no other is cleared', async () => {
  await deadMansSwitch.set(build(2), after(900))
  await deadMansSwitch.set(build(3), after(900))
  await deadMansSwitch.clear(build(2))
  await deadMansSwitch.clear(build(2))
  expect(names()).toEqual([switchName(build(3))])
})

test('a switch contains only the project and number of its build', async () => {
  await deadMansSwitch.set(makeBuild({ number: 4 }), after(120))
  time = after(121).getTime()
  await scheduler.runDue()
  expect(JSON.stringify(invocations.at(-1))).not.toContain('nonce')
  expect(invocations.at(-1)).toEqual([expect.any(String), { switch: build(4) }])
})

test('a look is set beside the switch, replaces an earlier one, and is cleared with it', async () => {
  const since = after(3600).toISOString()
  const seven = build(7)
  await deadMansSwitch.set(seven, after(7200))
  await deadMansSwitch.set(seven, after(4200), { since })
  await deadMansSwitch.set(seven, after(3900), { since })
  time = after(3901).getTime()
  await scheduler.runDue()
  expect(invocations.at(-1)).toEqual([expect.any(String), { switch: { ...seven, since } }])
  expect(names().filter(name => name.startsWith(switchName(seven)))).toEqual([switchName(seven)])
  await deadMansSwitch.set(seven, after(4200), { since })
  await deadMansSwitch.clear(seven)
  expect(names().filter(name => name.startsWith(switchName(seven)))).toEqual([])
})

test('a switch or look that replaces another is set although the name is still taken, and repeating that adds none', async () => {
  await using slow = await openSlowScheduler()
  const { deadMansSwitch, scheduler } = slow
  const since = after(0).toISOString()
  const nine = build(9)
  await deadMansSwitch.set(nine, after(60))
  await deadMansSwitch.clear(nine)
  await deadMansSwitch.move(nine, after(600))
  await deadMansSwitch.set(nine, after(300), { since })
  await deadMansSwitch.set(nine, after(360), { since })
  const due = () => scheduler.schedules().map(({ dueAt }) => new Date(dueAt ?? 0))
  expect(due().toSorted((a, b) => Number(a) - Number(b))).toEqual([after(360), after(600)])
  // A redelivery sets its own switch, which has been replaced, in vain.
  await deadMansSwitch.set(nine, after(60))
  expect(due()).toHaveLength(2)
})

test('a switch for which no name is left is a fault, so that report is invoked again', async () => {
  await using slow = await openSlowScheduler()
  const { deadMansSwitch } = slow
  for (let move = 0; move < 9; move++) await deadMansSwitch.move(build(1), after(600 + move))
  await expect(deadMansSwitch.move(build(1), after(900))).rejects.toThrow('gh/ada/web #1')
})

/** A scheduler that never frees a name. */
async function openSlowScheduler() {
  const directory = await mkdtemp(join(tmpdir(), 'lambci-switch-'))
  const slow = await startScheduler({
    directory,
    groups: ['lambci'],
    keepsNames: true,
    onTarget,
    clock: { now: () => after(0).getTime() },
  })
  pointAwsAt({ scheduler: slow.url })
  return {
    scheduler: slow,
    deadMansSwitch: openDeadMansSwitch(openScheduler('lambci'), TARGET),
    [Symbol.asyncDispose]: async () => {
      pointAwsAt({ scheduler: scheduler.url })
      await slow.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

test('names are distinct, and at most 64 characters that the Scheduler accepts', () => {
  const projects = [
    'gh/ada/web',
    'gh/ada/web-1',
    'gh/ada-web/1',
    `gh/${'o'.repeat(100)}/${'r'.repeat(100)}`,
    'gh/a/b.c_d',
  ]
  const all = projects.flatMap(project =>
    [1, 11, 9_999_999_999].flatMap(number => [
      switchName({ project, number }),
      lookName({ project, number }),
    ]),
  )
  expect(new Set(all).size).toBe(all.length)
  for (const name of all) expect(name).toMatch(/^[0-9A-Za-z_.-]{1,64}$/)
})

test('report is invoked a minute after the latest end of the build', () => {
  const latestEnd = latestEndAfter(after(0))
  // 2,400 s in the queue and Lambda's 900 s.
  expect(latestEnd).toEqual(after(3300))
  expect(switchTimeOf(latestEnd.toISOString())).toEqual(after(3360))
})
