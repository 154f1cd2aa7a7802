import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admit } from '../../../src/admission/admit.ts'
import { admitDeploy } from '../../../src/admission/admit-again.ts'
import { DeliveryClaim } from '../../../src/admission/delivery-claim.ts'
import { lastNumber, raiseCounter } from '../../../src/records/counter.ts'
import { buildKeys, deliveryKey, settingsKeys } from '../../../src/records/keys.ts'
import { readBuild } from '../../../src/records/read-records.ts'
import { type Bucket, keysIn, openAt, openBucket, putJson, readJson } from '../../support/bucket.ts'
import { admitOne, openClaim } from '../../support/claims.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { startProxy } from '../../support/proxy.ts'
import { AT, grantIssuerOf, makeBuild, reportOf, unknownToGit } from '../../support/records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

let projects = 0
const nextProject = () => `gh/ada/numbers-${++projects}`
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
const buildsOf = async (project: string, at: Pick<Bucket, 'store'> = bucket) =>
  (await keysIn(at, `${project}/builds/`)).filter(key => key.endsWith('/build.json'))

test('twelve concurrent deliveries get the numbers 1 to 12, each once', async () => {
  const project = nextProject()
  const builds = await Promise.all(upTo(12).map(() => admitOne(bucket.store, project)))
  expect(builds.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(upTo(12))
  expect(await buildsOf(project)).toHaveLength(12)
  expect(await lastNumber(bucket.store, project)).toBe(12)
  expect((await admitOne(bucket.store, project)).number).toBe(13)
})

test('ten concurrent copies of a delivery are one build', async () => {
  const [project, id] = [nextProject(), randomUUID()]
  const builds = await Promise.all(upTo(10).map(() => admitOne(bucket.store, project, id)))
  expect(new Set(builds.map(({ number, nonce }) => `${number} ${nonce}`)).size).toBe(1)
  expect(await buildsOf(project)).toHaveLength(1)
})

test('three concurrent copies of each of ten deliveries are ten builds', async () => {
  const memory = { store: openMemoryStore() }
  const project = nextProject()
  const ids: string[] = upTo(10).map(() => randomUUID())
  const builds = await Promise.all([...ids, ...ids, ...ids].map(id => admitOne(memory.store, project, id)))
  const numbers = new Map(ids.map(id => [id, new Set<number>()]))
  for (const { delivery, number } of builds) numbers.get(delivery)?.add(number)
  expect([...numbers.values()].map(({ size }) => size)).toEqual(ids.map(() => 1))
  expect(await buildsOf(project, memory)).toHaveLength(10)
})

test('each project has its own numbers', async () => {
  const [one, other] = [nextProject(), nextProject()]
  await admitOne(bucket.store, one)
  expect((await admitOne(bucket.store, other)).number).toBe(1)
})

test('a redelivery returns its build until that has ended, then starts a new one', async () => {
  const [project, id] = [nextProject(), randomUUID()]
  const first = await admitOne(bucket.store, project, id)
  expect(await admitOne(bucket.store, project, id)).toEqual(first)
  const again = await Promise.all(upTo(5).map(() => admitOne(bucket.store, project, id, [1])))
  expect(new Set(again.map(({ number }) => number))).toEqual(new Set([2]))
  expect(again[0]?.nonce).not.toBe(first.nonce)
  expect(await readJson(bucket.store, deliveryKey(id))).toMatchObject({
    project,
    builds: [
      { number: 1, published: true },
      { number: 2, published: true },
    ],
  })
})

test('a claimed number that another delivery has taken is skipped', async () => {
  const [project, id] = [nextProject(), randomUUID()]
  // This delivery stops right after its claim.
  const stopped = await openClaim(bucket.store, id, project)
  expect(stopped.build.number).toBe(1)
  expect((await admitOne(bucket.store, project)).number).toBe(1)
  expect((await admitOne(bucket.store, project, id)).number).toBe(2)
  expect(await buildsOf(project)).toHaveLength(2)
})

test('a missing or outdated counter leaves no gap in the numbers', async () => {
  const project = nextProject()
  for (const number of [1, 2, 3]) {
    await putJson(bucket.store, buildKeys({ project, number }).build, makeBuild({ project, number }))
  }
  expect((await admitOne(bucket.store, project)).number).toBe(4)
  expect(await lastNumber(bucket.store, project)).toBe(4)
})

test('a counter is never lowered', async () => {
  const project = nextProject()
  await Promise.all([3, 9, 1, 7].map(number => raiseCounter(bucket.store, project, number)))
  expect(await lastNumber(bucket.store, project)).toBe(9)
})

test.each([
  ['the claim', (key: string) => key.startsWith('deliveries/')],
  ['build.json', (key: string) => key.endsWith('/build.json')],
  ['the counter', (key: string) => key.endsWith('/counter.json')],
  ['everything', () => true],
])('a retry after the lost response to the first write of %s recognises its own write', async (_, isLost) => {
  const project = nextProject()
  // An earlier build, so that number 1 is already taken.
  await putJson(bucket.store, buildKeys({ project, number: 1 }).build, makeBuild({ project, number: 1 }))
  const seen = new Set<string>()
  const proxy = await startProxy(bucket.url, ({ method, url, headers }) => {
    const key = (url ?? '').split('?')[0]?.replace('/builds/', '') ?? ''
    const write = `${key} ${headers['if-match']} ${headers['if-none-match']}`
    if (method !== 'PUT' || !isLost(key) || seen.has(write)) return false
    return Boolean(seen.add(write))
  })
  try {
    const build = await admitOne(openAt(proxy.url), project)
    expect(seen.size).toBeGreaterThan(0)
    expect(build.number).toBe(2)
    expect(await readBuild(bucket.store, build)).toEqual(build)
    expect(await buildsOf(project)).toHaveLength(2)
  } finally {
    await proxy.close()
  }
})

test('a redelivery of a build that counts as ended claims a new number', async () => {
  const [project, id] = [nextProject(), randomUUID()]
  const stopped = await admitOne(bucket.store, project, id)
  const claim = await DeliveryClaim.open(bucket.store, id, project, async number => number === stopped.number)
  expect(claim.build).toMatchObject({ number: stopped.number + 1, published: false })
  expect(claim.build.nonce).not.toBe(stopped.nonce)
})

test('pushes, and deploys that people ask for, are numbered by the same rule', async () => {
  const memory = { store: openMemoryStore() }
  const project = nextProject()
  await putJson(memory.store, settingsKeys('')[0], { allow: ['ada'], deployBranches: ['master'] })
  const context = {
    store: memory.store,
    publish: async () => {},
    invokeReport: async () => {},
    deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
    grantIssuer: grantIssuerOf(null),
    compare: unknownToGit,
    linkKey: 'a-link-key-of-these-tests',
    baseUrl: 'https://ci.example.com',
    now: () => new Date(),
  }
  const { number: _, trust: _t, settings: _s, nonce: _n, delivery: _d, ...request } = makeBuild({ project })
  const push = () => admit(randomUUID(), { request, isArrival: true }, context)
  await push()
  const end = { conclusion: 'passed', reason: null, deploy: null, endedAt: AT } as const
  await putJson(memory.store, buildKeys({ project, number: 1 }).report, reportOf({ end }))
  const wanted = { project, number: 1, stage: 'dev' }
  const results = await Promise.all(
    upTo(10).flatMap(n => [push(), admitDeploy(`asked-${project.slice(7)}-${n}`, wanted, context)]),
  )
  const builds = results.map(result => ('build' in result ? result.build : null))
  expect(builds.map(build => build?.number).toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(
    upTo(20).map(n => n + 1),
  )
  expect(builds.filter(build => build?.event === 'deploy')).toHaveLength(10)
  expect(await buildsOf(project, memory)).toHaveLength(21)
  expect(await lastNumber(memory.store, project)).toBe(21)
})
