import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import type { DeadMansSwitch } from '../../../src/admission/dead-mans-switch.ts'
import { MOST_BUILDS } from '../../../src/admission/delivery-claim.ts'
import type { JobMessage } from '../../../src/admission/grants.ts'
import { type Delivery, digestOf, parseDelivery } from '../../../src/github/delivery.ts'
import { onlyTests } from '../../../src/model/build.ts'
import { type Answer, type ReceiveContext, receiveDelivery } from '../../../src/receive-delivery.ts'
import {
  buildKeys,
  counterKey,
  deliveryKey,
  deliveryOf,
  jobKeys,
  settingsKeys,
} from '../../../src/records/keys.ts'
import { readBuild } from '../../../src/records/read-records.ts'
import { updateKnown, updateNamed } from '../../../src/records/repository-records.ts'
import type { Store } from '../../../src/records/store.ts'
import { readTrigger } from '../../../src/records/trigger-record.ts'
import { keysIn, putJson, readJson } from '../../support/bucket.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { headersOf, pullRequestPayload, pushOf, pushPayload, signatureOf } from '../../support/payloads.ts'
import { after, endedRun, grantIssuerOf, reportOf, runOf, unknownToGit } from '../../support/records.ts'

const SECRET = 'a-webhook-secret'
const LINK_KEY = 'a-link-key-of-these-tests'

const bucket = { store: openMemoryStore() }
beforeAll(async () => {
  await putJson(bucket.store, settingsKeys('')[0], { allow: ['ada'] })
})

let projects = 0
/** A push to a new repository. */
function nextPush(payload = pushPayload()): { project: string; repositoryId: number; delivery: Delivery } {
  const id = ++projects
  const full_name = `ada/resume-${id}`
  const body = JSON.stringify({ ...payload, repository: { ...payload.repository, id, full_name } })
  const delivery = parseDelivery(
    new Headers(headersOf('push', body, SECRET, randomUUID())),
    Buffer.from(body),
  )
  if ('error' in delivery) throw new Error(delivery.error)
  return { project: `gh/${full_name}`, repositoryId: id, delivery }
}

class Crash extends Error {}

/** A receive context that throws `Crash` instead of taking another step after `steps` steps. */
function startProcess(
  effects: { messages: JobMessage[]; switches: Set<number>; reports: Set<number> },
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
    set: step(async ({ number }) => void effects.switches.add(number)),
    move: step(async ({ number }) => void effects.switches.add(number)),
    clear: step(async ({ number }) => void effects.switches.delete(number)),
  }
  const context: ReceiveContext = {
    store,
    deadMansSwitch,
    publish: step(async (message: JobMessage) => void effects.messages.push(message)),
    secrets: async () => ({
      webhookSecrets: [SECRET],
      acceptsSharedSecret: true,
      githubToken: 'writes',
      cloneToken: 'reads',
      githubApp: null,
      slackToken: null,
      linkKey: LINK_KEY,
    }),
    grantIssuer: grantIssuerOf('reads'),
    compare: unknownToGit,
    findOnGitHub: async () => null,
    invokeReport: step(async ({ number }) => void effects.reports.add(number)),
    baseUrl: 'https://ci.example.com',
    now: () => after(0),
  }
  return { context, taken: () => taken }
}

const newEffects = () => ({
  messages: [] as JobMessage[],
  switches: new Set<number>(),
  reports: new Set<number>(),
})
const numberOf = ({ body }: Answer) => body.number

/** The number of steps of an undisturbed delivery. */
async function countSteps(): Promise<number> {
  const whole = startProcess(newEffects())
  await receiveDelivery(nextPush().delivery, whole.context)
  return whole.taken()
}

const buildsOfMaster = async (project: string) =>
  (await readTrigger(bucket.store, { project, trigger: 'push/master' }))?.builds.map(({ number }) => number)

test('a crash before any step and a redelivery make exactly one build', async () => {
  const steps = await countSteps()
  expect(steps).toBeGreaterThanOrEqual(5)
  for (let done = 0; done < steps; done++) {
    const { project, repositoryId, delivery } = nextPush()
    const effects = newEffects()
    const dying = receiveDelivery(delivery, startProcess(effects, done).context)
    await expect(dying, `after ${done} steps`).rejects.toThrow(Crash)
    const answer = await receiveDelivery(delivery, startProcess(effects).context)
    expect(answer).toMatchObject({ status: 202, body: { project, number: 1 } })

    const jobs = (await keysIn(bucket, `${project}/builds/`)).filter(key => key.endsWith('/build.json'))
    expect(jobs, `after ${done} steps`).toEqual([buildKeys({ project, number: 1 }).build])
    const build = await readBuild(bucket.store, { project, number: 1 })
    // The message may be published twice, if the process died before it recorded that; both name the same build.
    expect(effects.messages.length).toBeGreaterThanOrEqual(1)
    for (const message of effects.messages) expect(message.build).toEqual(build)
    expect([...effects.switches]).toEqual([1])
    expect(await readJson(bucket.store, counterKey(project))).toMatchObject({ number: 1 })
    expect(await buildsOfMaster(project), `after ${done} steps`).toEqual([1])
    expect(
      await readJson(bucket.store, deliveryKey(deliveryOf({ repositoryId }, digestOf(delivery.body)))),
    ).toMatchObject({
      builds: [{ number: 1, published: true }],
    })

    const third = await receiveDelivery(delivery, startProcess(effects).context)
    expect(third, 'sent a third time').toEqual(answer)
    expect(effects.messages.length).toBeLessThanOrEqual(2)
  }
})

test('a crash between two deliveries leaves no gap in the numbers', async () => {
  const steps = await countSteps()
  for (let done = 0; done < steps; done++) {
    const { project, delivery } = nextPush()
    const other = { ...delivery, body: `${delivery.body} ` }
    other.signature = signatureOf(other.body, SECRET)
    const effects = newEffects()
    await expect(receiveDelivery(delivery, startProcess(effects, done).context)).rejects.toThrow(Crash)
    const answers = [
      await receiveDelivery(other, startProcess(effects).context),
      await receiveDelivery(delivery, startProcess(effects).context),
    ]
    expect(answers.map(numberOf).sort(), `after ${done} steps`).toEqual([1, 2])
    expect(await readJson(bucket.store, counterKey(project))).toMatchObject({ number: 2 })
    expect(await buildsOfMaster(project), `after ${done} steps`).toEqual([2, 1])
  }
})

const receive = (delivery: Delivery, effects = newEffects()) =>
  receiveDelivery(delivery, startProcess(effects).context)

test('a redelivery returns an unfinished build, and replaces an ended one by a new build', async () => {
  const { project, delivery } = nextPush()
  const keys = jobKeys({ project, number: 1 })
  expect(numberOf(await receive(delivery))).toBe(1)
  await putJson(bucket.store, keys.record('draft'), runOf())
  expect(numberOf(await receive(delivery))).toBe(1)
  await putJson(bucket.store, keys.record('end'), endedRun())
  const effects = newEffects()
  expect(numberOf(await receive(delivery, effects))).toBe(2)
  expect(effects.messages.map(({ build }) => build.number)).toEqual([2])
  expect(numberOf(await receive(delivery))).toBe(2)
})

test('a body that is sent again under another id is a redelivery: it neither supersedes nor deploys', async () => {
  const { project, repositoryId, delivery } = nextPush()
  const replayed = () => receive({ ...delivery, id: randomUUID() })
  expect(numberOf(await receive(delivery))).toBe(1)
  expect(numberOf(await replayed())).toBe(1)
  await putJson(bucket.store, jobKeys({ project, number: 1 }).record('end'), endedRun())
  const effects = newEffects()
  const again = await receive({ ...delivery, id: randomUUID() }, effects)
  expect(again).toMatchObject({ status: 202, body: { number: 2 } })
  expect(effects.messages).toMatchObject([{ build: { number: 2, rebuildOf: 1 } }])
  expect(effects.messages.every(({ build }) => onlyTests(build))).toBe(true)
  const branch = await readTrigger(bucket.store, { project, trigger: 'push/master' })
  expect(branch?.builds).toMatchObject([
    { number: 2, isArrival: false },
    { number: 1, isArrival: true },
  ])
  expect(await keysIn(bucket, `deliveries/${repositoryId}/`)).toHaveLength(1)
})

test('a delivery starts a few builds, however often it is sent', async () => {
  const { project, delivery } = nextPush()
  for (let number = 1; number <= MOST_BUILDS; number++) {
    expect(numberOf(await receive(delivery))).toBe(number)
    // One that has not ended is answered as long as it takes.
    expect(numberOf(await receive(delivery))).toBe(number)
    await putJson(bucket.store, jobKeys({ project, number }).record('end'), endedRun())
  }
  const effects = newEffects()
  expect(await receive(delivery, effects)).toEqual({
    status: 409,
    body: { error: expect.stringMatching(/has started 10 builds, .* lambci rebuild ada\/resume-\d+#10$/) },
  })
  expect(effects.messages).toEqual([])
})

test('a webhook secret that was just made counts at once', async () => {
  const { delivery } = nextPush()
  const secretsAt: Record<string, string> = { '60000': 'before', '5000': SECRET }
  const { context } = startProcess(newEffects())
  const secrets: ReceiveContext['secrets'] = async (maxAgeMs = 60_000) => ({
    ...(await context.secrets()),
    webhookSecrets: [secretsAt[maxAgeMs] ?? ''],
  })
  expect(await receiveDelivery(delivery, { ...context, secrets })).toMatchObject({ status: 202 })
})

test('the close of a pull request counts once: later it may be open again', async () => {
  const { repository } = pushPayload()
  const id = ++projects
  const named = { ...repository, id, full_name: `ada/resume-${id}` }
  const send = (event: string, payload: object) => {
    const body = JSON.stringify({ ...payload, repository: named })
    const made = parseDelivery(new Headers(headersOf(event, body, SECRET)), Buffer.from(body))
    if ('error' in made) throw new Error(made.error)
    return receive(made)
  }
  const isGone = async () =>
    (await readTrigger(bucket.store, { project: `gh/ada/resume-${id}`, trigger: 'pr/7' }))?.isGone
  const close = { ...pullRequestPayload({ action: 'closed', state: 'closed' }), closes: 1 }
  await send('pull_request', pullRequestPayload())
  await send('pull_request', close)
  expect(await isGone()).toBe(true)
  await send('pull_request', pullRequestPayload({ action: 'reopened' }))
  expect(await isGone()).toBe(false)
  await send('pull_request', close)
  expect(await isGone()).toBe(false)
  await send('pull_request', { ...close, closes: 2 })
  expect(await isGone()).toBe(true)
})

test('a delivery whose repository has another project now begins there, without a gap and not published in vain', async () => {
  const { project, repositoryId, delivery } = nextPush()
  await putJson(bucket.store, counterKey(project), { number: 8 })
  expect(numberOf(await receive(delivery))).toBe(9)
  const other = `${project}@${repositoryId}`
  await updateKnown(bucket.store, repositoryId, () => ({ project: other }))
  await updateNamed(bucket.store, project.slice('gh/'.length), () => ({ id: repositoryId, project: other }))
  const effects = newEffects()
  expect(await receive(delivery, effects)).toMatchObject({ status: 202, body: { project: other, number: 1 } })
  expect(effects.messages).toMatchObject([{ build: { project: other, number: 1 } }])
})

test('a build that was published again is unfinished until its new latest end', async () => {
  const { project, delivery } = nextPush()
  await receive(delivery)
  const keys = buildKeys({ project, number: 1 })
  const build = await readBuild(bucket.store, { project, number: 1 })
  await putJson(bucket.store, keys.build, { ...build, latestEnd: after(-1).toISOString() })
  await putJson(bucket.store, keys.report, reportOf({ publications: 2, latestEnd: after(600).toISOString() }))
  expect(numberOf(await receive(delivery))).toBe(1)
})

test('a redelivery after the latest end of a build starts a new build', async () => {
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
  ['start no build', {}, { status: 200, body: { ignored: expect.stringContaining('[skip ci]') } }],
  ['are ignored with "skip": false', { skip: false }, { status: 202 }],
])('skip words %s', async (_, settings, expected) => {
  const { project, delivery } = nextPush(pushOf({ message: 'Fix [skip ci]' }))
  await putJson(bucket.store, settingsKeys(project)[1], settings)
  expect(await receive(delivery)).toMatchObject(expected)
})
