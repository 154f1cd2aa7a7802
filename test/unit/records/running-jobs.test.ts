import { setImmediate as nextTick } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runningKey } from '../../../src/records/keys.ts'
import { readRecord } from '../../../src/records/read-record.ts'
import { type RunningChange, runningSchema, takePlaces } from '../../../src/records/running-jobs.ts'
import type { Store } from '../../../src/records/store.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { after } from '../../support/records.ts'
import { runs } from '../../support/runs.ts'

const PROJECT = 'gh/ada/web'
const LIMIT = 3
/** Seconds that a job may run. */
const LONGEST = 1000

/** A repository whose builds are looked at, by one clock. */
function openRepository(store: Store = openMemoryStore(), limit = LIMIT) {
  const repository = {
    store,
    limit,
    seconds: 0,
    look: (number: number, change: Partial<Omit<RunningChange, 'number'>> = {}) =>
      takePlaces(
        store,
        PROJECT,
        {
          number,
          ended: [],
          ready: [],
          latestEnd: after(repository.seconds + LONGEST).toISOString(),
          ...change,
        },
        { limit: repository.limit, now: after(repository.seconds) },
      ),
    record: () => readRecord(store, runningKey(PROJECT), runningSchema),
  }
  return repository
}

test('jobs get places in their order, as long as there are any', async () => {
  const { look, record } = openRepository()
  expect(await look(7, { ready: [1, 2] })).toEqual({ started: [1, 2], waiting: [] })
  expect(await look(8, { ready: [5, 1, 2] })).toEqual({ started: [5], waiting: [] })
  const end = after(LONGEST).toISOString()
  expect(await record()).toEqual({
    running: { '7/1': end, '7/2': end, '8/5': end },
    waiting: [{ number: 8, until: end }],
  })
})

test('a look that is repeated has its places already', async () => {
  const { look } = openRepository()
  expect((await look(7, { ready: [1, 2] })).started).toEqual([1, 2])
  expect((await look(7, { ready: [1, 2] })).started).toEqual([1, 2])
  expect((await look(7, { ready: [1, 2, 3, 4] })).started).toEqual([1, 2, 3])
  expect((await look(7, { ready: [4, 3] })).started).toEqual([3])
})

test('a job that has ended frees its place, and that of no other', async () => {
  const { look } = openRepository()
  await look(7, { ready: [1, 2] })
  await look(71, { ready: [1] })
  expect(await look(8, { ready: [1] })).toEqual({ started: [], waiting: [] })
  expect(await look(7, { ended: [1] })).toEqual({ started: [], waiting: [8] })
  expect(await look(7, { ended: [1] })).toEqual({ started: [], waiting: [8] })
  expect(await look(8, { ready: [1] })).toEqual({ started: [1], waiting: [] })
  expect((await look(9, { ready: [1] })).started).toEqual([])
})

test('a job that starts again keeps its place', async () => {
  const { look } = openRepository()
  await look(7, { ready: [1, 2, 3] })
  expect((await look(7, { ended: [1], ready: [1] })).started).toEqual([1])
  expect((await look(8, { ready: [1] })).started).toEqual([])
})

test('a place dies with its job', async () => {
  const repository = openRepository()
  const { look } = repository
  await look(7, { ready: [1, 2, 3] })
  repository.seconds = LONGEST - 1
  expect((await look(8, { ready: [1] })).started).toEqual([])
  repository.seconds = LONGEST
  expect((await look(8, { ready: [1] })).started).toEqual([1])
})

test('a job that is published again has its place for as long as it may run from then on', async () => {
  const repository = openRepository()
  const { look } = repository
  await look(7, { ready: [1, 2, 3] })
  repository.seconds = LONGEST - 1
  await look(7, { ready: [1] })
  repository.seconds = LONGEST + 1
  expect((await look(8, { ready: [1, 2, 3] })).started).toEqual([1, 2])
  // A late look does not shorten it.
  await look(7, { ready: [1], latestEnd: after(LONGEST + 2).toISOString() })
  repository.seconds = LONGEST + 3
  expect((await look(9, { ready: [1] })).started).toEqual([])
})

test('builds that wait are looked at in their order, however often they have been', async () => {
  const { look, record } = openRepository()
  await look(7, { ready: [1, 2, 3] })
  for (const number of [9, 8, 10, 8, 9]) await look(number, { ready: [1] })
  expect((await record())?.waiting.map(({ number }) => number)).toEqual([8, 9, 10])
  expect((await look(7, { ended: [1] })).waiting).toEqual([8, 9, 10])
})

test('no more builds are looked at than may find a place, and a few to spare', async () => {
  const { look } = openRepository()
  await look(7, { ready: [1, 2, 3] })
  for (let number = 8; number < 30; number++) await look(number, { ready: [1] })
  expect((await look(7, { ended: [1] })).waiting).toEqual([8, 9, 10, 11, 12])
  expect((await look(7, { ended: [1, 2] })).waiting).toEqual([8, 9, 10, 11, 12, 13])
})

test('a build waits until it has what it needs, needs nothing more, or is looked at anyway', async () => {
  const repository = openRepository()
  const { look, record } = repository
  const waiting = async () => (await record())?.waiting.map(({ number }) => number)
  await look(7, { ready: [1, 2, 3] })
  for (const number of [8, 9, 10]) await look(number, { ready: [1, 2] })
  await look(7, { ended: [1, 2] })
  await look(8, { ready: [1, 2] })
  expect(await waiting()).toEqual([9, 10])
  await look(9, { ended: [1, 2] })
  expect(await waiting()).toEqual([10])
  repository.seconds = LONGEST
  expect((await look(11)).waiting).toEqual([])
  expect(await waiting()).toEqual([])
})

test('with fewer places than before, nothing starts until so many have ended', async () => {
  const repository = openRepository()
  const { look } = repository
  await look(7, { ready: [1, 2, 3] })
  repository.limit = 1
  const ready = [1, 2, 3, 4]
  expect(await look(8, { ready })).toEqual({ started: [], waiting: [] })
  expect(await look(7, { ended: [1, 2] })).toEqual({ started: [], waiting: [] })
  expect((await look(8, { ready })).started).toEqual([])
  expect(await look(7, { ended: [3] })).toEqual({ started: [], waiting: [8] })
  expect((await look(8, { ready })).started).toEqual([1])
})

test('a look that changes nothing writes nothing', async () => {
  const store = openMemoryStore()
  let writes = 0
  const counting: Store = {
    ...store,
    putIf: (...write) => {
      writes += 1
      return store.putIf(...write)
    },
  }
  const { look } = openRepository(counting)
  await look(7, { ready: [1, 2] })
  await look(7, { ready: [1, 2] })
  await look(7, { ended: [3] })
  await look(8)
  expect(writes).toBe(1)
  await look(7, { ended: [1] })
  expect(writes).toBe(2)
})

test('the record stays small, whatever waits: the oldest builds are kept', async () => {
  const repository = openRepository(openMemoryStore(), 256)
  const ready = Array.from({ length: 256 }, (_, at) => at + 1)
  for (let number = 1_000_000_200; number > 1_000_000_000; number--) await repository.look(number, { ready })
  const stored = await repository.store.get(runningKey(PROJECT))
  expect(stored?.size).toBeLessThan(32 * 1024)
  const { running = {}, waiting = [] } = (await repository.record()) ?? {}
  expect(Object.keys(running).length).toBe(256)
  expect(waiting.map(({ number }) => number)).toEqual(
    Array.from({ length: 100 }, (_, at) => 1_000_000_001 + at),
  )
})

/** A store that is slow at random, and whose answers to writes are sometimes lost: they were written. */
function unreliable(store: Store, choose: () => number): Store {
  const pause = async () => {
    for (let ticks = choose() % 4; ticks > 0; ticks--) await nextTick()
  }
  return {
    ...store,
    get: async key => {
      await pause()
      return store.get(key)
    },
    putIf: async (...write) => {
      await pause()
      const answer = await store.putIf(...write)
      await pause()
      const chance = choose() % 10
      if (answer.isWritten && chance === 0) return { isWritten: false }
      if (answer.isWritten && chance === 1) throw new Error('The connection was closed.')
      return answer
    },
  }
}

type PlayedJob = { number: number; key: number; status: 'waiting' | 'running' | 'ended'; until: number }

/** Plays builds until all of their jobs have ended, or no look is due although some have not. */
class Simulation {
  readonly broken: string[] = []
  private readonly jobs: PlayedJob[]
  private readonly repository: ReturnType<typeof openRepository>
  private readonly choose: () => number
  #due: number[]

  constructor(sizes: readonly number[], limit: number, choose: () => number) {
    this.choose = choose
    this.repository = openRepository(unreliable(openMemoryStore(), choose), limit)
    this.jobs = sizes.flatMap((size, at) =>
      Array.from({ length: size }, (_, key) => ({
        number: at + 1,
        key: key + 1,
        status: 'waiting' as const,
        until: 0,
      })),
    )
    this.#due = sizes.map((_, at) => at + 1)
  }

  running = () =>
    this.jobs.filter(({ status, until }) => status === 'running' && until > this.repository.seconds)

  async play(): Promise<this> {
    while (this.jobs.some(({ status }) => status !== 'ended')) {
      const looks = this.#due.splice(0, 1 + (this.choose() % 3))
      await Promise.all([...new Set(looks)].map(number => this.look(number)))
      this.repository.seconds += this.choose() % 100
      const running = this.jobs.filter(({ status }) => status === 'running')
      const next = running[this.choose() % Math.max(1, running.length)]
      if (next && (this.#due.length === 0 || this.choose() % 2 === 0)) {
        next.status = 'ended'
        this.#due.push(next.number)
      }
      if (this.#due.length === 0 && !next) {
        this.broken.push('somebody looks as long as something waits')
        return this
      }
    }
    return this
  }

  /** As the lease has it, one look at a build at a time. One that is interrupted is repeated later. */
  async look(number: number) {
    const own = this.jobs.filter(job => job.number === number)
    const keysOf = (status: PlayedJob['status']) =>
      own.filter(job => job.status === status).map(({ key }) => key)
    const ready = keysOf('waiting')
    const until = this.repository.seconds + LONGEST
    const places = await this.repository.look(number, { ended: keysOf('ended'), ready }).catch(() => null)
    // Report is killed before it has started anything, or recorded that.
    if (places === null || this.choose() % 8 === 0) return void this.#due.push(number)
    const { started, waiting } = places
    for (const key of started) {
      const job = own.find(each => each.key === key)
      if (job) Object.assign(job, { status: 'running', until })
    }
    this.#due.push(...waiting)
    this.#require(
      'started is a part of ready, in its order',
      ready.filter(key => started.includes(key)).join() === started.join(),
    )
    this.#require('no build is its own successor', !waiting.includes(number))
    this.#require(
      'the oldest comes first',
      waiting.every((each, at) => at === 0 || each > (waiting[at - 1] ?? 0)),
    )
    this.#require('never more than the limit', this.running().length <= this.repository.limit)
  }

  #require(law: string, holds: boolean) {
    if (!holds) this.broken.push(law)
  }
}

test('never more jobs than the limit, and all of them in the end, however looks interleave, fail and are repeated', async () => {
  const choices = fc.array(fc.nat({ max: 999 }), { minLength: 50, maxLength: 50 })
  const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1, max: 4 }), choices, async (builds, limit, numbers) => {
      let at = 0
      const choose = () => (numbers[at++ % numbers.length] ?? 0) + (at % 7)
      expect((await new Simulation(builds, limit, choose).play()).broken).toEqual([])
    }),
    runs(150),
  )
})

test('builds of forks that wait push out none of the repository itself', async () => {
  const { look, record } = openRepository()
  await look(1, { ready: [1, 2, 3] })
  for (let number = 2; number < 120; number++) await look(number, { ready: [1], isFork: true })
  for (const number of [200, 201]) await look(number, { ready: [1] })
  const waiting = (await record())?.waiting.map(({ number }) => number) ?? []
  expect(waiting).toHaveLength(100)
  expect(waiting.slice(-2)).toEqual([200, 201])
  expect(waiting[0]).toBe(2)
})
