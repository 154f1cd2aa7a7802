import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DeadMansSwitch } from '../../../src/admission/dead-mans-switch.ts'
import type { JobMessage } from '../../../src/admission/grants.ts'
import { type Delivery, parseDelivery } from '../../../src/github/delivery.ts'
import { type Answer, type ReceiveContext, receiveDelivery } from '../../../src/receive-delivery.ts'
import { buildKeys, counterKey, deliveryKey, settingsKeys } from '../../../src/records/keys.ts'
import { readBuild } from '../../../src/records/read-records.ts'
import type { Store } from '../../../src/records/store.ts'
import { type Bucket, keysIn, openBucket, putJson, readJson } from '../../support/bucket.ts'
import { headersOf, pushOf, pushPayload } from '../../support/payloads.ts'
import { after, endedRun, grantIssuerOf, reportOf, runOf } from '../../support/records.ts'

const SECRET = 'a-webhook-secret'
const LINK_KEY = 'a-link-key-of-these-tests'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
  await putJson(bucket.store, settingsKeys('')[0], { allow: ['ada'] })
})
afterAll(() => bucket.close())

let projects = 0
/** A push to a repository of its own. */
function nextPush(payload = pushPayload()): { project: string; delivery: Delivery } {
  const full_name = `ada/resume-${++projects}`
  const body = JSON.stringify({ ...payload, repository: { ...payload.repository, full_name } })
  const delivery = parseDelivery(new Headers(headersOf('push', body, SECRET, randomUUID())), body)
  if ('error' in delivery) throw new Error(delivery.error)
  return { project: `gh/${full_name}`, delivery }
}

class Crash extends Error {}

/** A process that dies when it is about to take its step number `steps`, or never. */
function startProcess(
  outside: { messages: JobMessage[]; switches: Set<number> },
  steps = Number.POSITIVE_INFINITY,
) {
  let taken = 0
  const step = <A extends unknown[], R>(work: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (taken >= steps) throw new Crash()
      taken += 1
      return work(...args)
    }
  }
  const store: Store = { ...bucket.store, put: step(bucket.store.put), putIf: step(bucket.store.putIf) }
  const deadMansSwitch: DeadMansSwitch = {
    set: step(async ({ number }) => void outside.switches.add(number)),
    clear: step(async ({ number }) => void outside.switches.delete(number)),
  }
  const receiver: ReceiveContext = {
    store,
    deadMansSwitch,
    publish: step(async (message: JobMessage) => void outside.messages.push(message)),
    secrets: async () => ({
      webhookSecrets: [SECRET],
      githubToken: 'writes',
      cloneToken: 'reads',
      githubApp: null,
      slackToken: null,
      linkKey: LINK_KEY,
    }),
    grantIssuer: grantIssuerOf('reads'),
    baseUrl: 'https://ci.example.com',
    now: () => after(0),
  }
  return { receiver, taken: () => taken }
}

const newOutside = () => ({ messages: [] as JobMessage[], switches: new Set<number>() })
const numberOf = ({ body }: Answer) => body.number

/** The steps of a delivery that nothing disturbs. */
async function countSteps(): Promise<number> {
  const whole = startProcess(newOutside())
  await receiveDelivery(nextPush().delivery, whole.receiver)
  return whole.taken()
}

test('whichever step a process dies before, the same delivery sent again ends in exactly one job', async () => {
  const steps = await countSteps()
  expect(steps).toBeGreaterThanOrEqual(5)
  for (let done = 0; done < steps; done++) {
    const { project, delivery } = nextPush()
    const outside = newOutside()
    const dying = receiveDelivery(delivery, startProcess(outside, done).receiver)
    await expect(dying, `after ${done} steps`).rejects.toThrow(Crash)
    const answer = await receiveDelivery(delivery, startProcess(outside).receiver)
    expect(answer).toMatchObject({ status: 202, body: { project, number: 1 } })

    const jobs = (await keysIn(bucket, `${project}/builds/`)).filter(key => key.endsWith('/build.json'))
    expect(jobs, `after ${done} steps`).toEqual([buildKeys({ project, number: 1 }).build])
    const build = await readBuild(bucket.store, { project, number: 1 })
    // Published twice it may be, when the process died before it could note that; then it is the same job.
    expect(outside.messages.length).toBeGreaterThanOrEqual(1)
    for (const order of outside.messages) expect(order.build).toEqual(build)
    expect([...outside.switches]).toEqual([1])
    expect(await readJson(bucket.store, counterKey(project))).toMatchObject({
      number: 1,
      recent: [{ number: 1 }],
    })
    expect(await readJson(bucket.store, deliveryKey(delivery.id))).toMatchObject({
      builds: [{ number: 1, published: true }],
    })

    const third = await receiveDelivery(delivery, startProcess(outside).receiver)
    expect(third, 'sent once more').toEqual(answer)
    expect(outside.messages.length).toBeLessThanOrEqual(2)
  }
})

test('a process that dies while another delivery comes leaves no number out', async () => {
  const steps = await countSteps()
  for (let done = 0; done < steps; done++) {
    const { project, delivery } = nextPush()
    const other: Delivery = { ...delivery, id: randomUUID() }
    const outside = newOutside()
    await expect(receiveDelivery(delivery, startProcess(outside, done).receiver)).rejects.toThrow(Crash)
    const answers = [
      await receiveDelivery(other, startProcess(outside).receiver),
      await receiveDelivery(delivery, startProcess(outside).receiver),
    ]
    expect(answers.map(numberOf).sort(), `after ${done} steps`).toEqual([1, 2])
    expect(await readJson(bucket.store, counterKey(project))).toMatchObject({
      number: 2,
      recent: [{ number: 2 }, { number: 1 }],
    })
  }
})

const receive = (delivery: Delivery, outside = newOutside()) =>
  receiveDelivery(delivery, startProcess(outside).receiver)

test('a redelivery of a build under way answers with it, of one that has ended starts a new one', async () => {
  const { project, delivery } = nextPush()
  const keys = buildKeys({ project, number: 1 })
  expect(numberOf(await receive(delivery))).toBe(1)
  await putJson(bucket.store, keys.run, runOf())
  expect(numberOf(await receive(delivery))).toBe(1)
  await putJson(bucket.store, keys.run, endedRun())
  const outside = newOutside()
  expect(numberOf(await receive(delivery, outside))).toBe(2)
  expect(outside.messages.map(({ build }) => build.number)).toEqual([2])
  expect(numberOf(await receive(delivery))).toBe(2)
})

test('a build that was handed out anew is still under way after its first latest end', async () => {
  const { project, delivery } = nextPush()
  await receive(delivery)
  const keys = buildKeys({ project, number: 1 })
  const build = await readBuild(bucket.store, { project, number: 1 })
  await putJson(bucket.store, keys.build, { ...build, latestEnd: after(-1).toISOString() })
  await putJson(bucket.store, keys.report, reportOf({ publications: 2, latestEnd: after(600).toISOString() }))
  expect(numberOf(await receive(delivery))).toBe(1)
})

test('a build that can no longer end by itself is not gone on with', async () => {
  const { project, delivery } = nextPush()
  await receive(delivery)
  const build = await readBuild(bucket.store, { project, number: 1 })
  await putJson(bucket.store, buildKeys({ project, number: 1 }).build, {
    ...build,
    latestEnd: after(-1).toISOString(),
  })
  expect(numberOf(await receive(delivery))).toBe(2)
})

test.each([
  ['are heeded', {}, { status: 200, body: { ignored: expect.stringContaining('[skip ci]') } }],
  ['are not where the settings say so', { skip: false }, { status: 202 }],
])('skip words %s', async (_, settings, expected) => {
  const { project, delivery } = nextPush(pushOf({ message: 'Fix [skip ci]' }))
  await putJson(bucket.store, settingsKeys(project)[1], settings)
  expect(await receive(delivery)).toMatchObject(expected)
})
