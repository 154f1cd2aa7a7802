import { afterAll, beforeAll, expect, test } from 'vitest'
import { readReport } from '../../../src/records/read-records.ts'
import type { Report } from '../../../src/records/report-record.ts'
import { LEASE_SECONDS, withLease } from '../../../src/reporting/lease.ts'
import { type Bucket, openAt, openBucket } from '../../support/bucket.ts'
import { startProxy } from '../../support/proxy.ts'
import { after, NONCE } from '../../support/records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

let builds = 0
const nextBuild = () => ({ project: 'gh/ada/web', number: ++builds })
type Build = ReturnType<typeof nextBuild>
type Tell = (report: Report) => Promise<Report>

const leaseHolder = (holder: string, now = after(0), store = bucket.store) => ({
  store,
  holder,
  now: () => now,
})
const hold = (build: Build, holder: string, tell: Tell, now = after(0)) =>
  withLease(build, leaseHolder(holder, now), null, tell)
const standing = async (build: Build) => readReport(bucket.store, build)

/** Tells nothing, and counts how often it looked. */
function watcher(during: (look: number, report: Report) => Promise<unknown> = async () => {}) {
  const looks: Report[] = []
  const tell: Tell = async report => {
    looks.push(report)
    await during(looks.length, report)
    return { ...report, isClosed: true }
  }
  return { looks, tell }
}
const failure = (requestId: string) => ({ nonce: NONCE, requestId, reason: 'it was killed' })

test('whoever comes first tells once, and what was told stands', async () => {
  const build = nextBuild()
  const { looks, tell } = watcher()
  await hold(build, 'one', tell)
  expect(looks).toHaveLength(1)
  expect(looks[0]?.lease).toEqual({ holder: 'one', until: after(LEASE_SECONDS).toISOString() })
  expect(await standing(build)).toMatchObject({ lease: null, asks: 0, isClosed: true })
})

test('of many at once no two tell at the same time, and the last one who came is heard', async () => {
  const build = nextBuild()
  let [telling, most, arrived, heard] = [0, 0, 0, 0]
  const tell: Tell = async report => {
    telling += 1
    most = Math.max(most, telling)
    heard = arrived
    await readReport(bucket.store, build)
    telling -= 1
    return report
  }
  const come = (index: number) => {
    arrived += 1
    return hold(build, `report-${index}`, tell)
  }
  await Promise.all(Array.from({ length: 12 }, (_, index) => come(index)))
  expect([most, heard]).toEqual([1, 12])
  expect(await standing(build)).toMatchObject({ lease: null })
})

test('who finds another at work goes, and that one looks once more', async () => {
  const build = nextBuild()
  const other = watcher()
  const { looks, tell } = watcher(async look => {
    if (look <= 2) await hold(build, 'other', other.tell)
  })
  await hold(build, 'one', tell)
  expect([looks.length, other.looks.length]).toEqual([3, 0])
  expect(await standing(build)).toMatchObject({ lease: null, asks: 2, isClosed: true })
})

test('a failure that another brings while one is at work is seen by the one at work', async () => {
  const build = nextBuild()
  const bring = (holder: string) =>
    withLease(build, leaseHolder(holder), failure('request-1'), watcher().tell)
  const { looks, tell } = watcher(async look => {
    if (look === 1) await bring('other')
  })
  await hold(build, 'one', tell)
  expect(looks.map(({ failures }) => failures)).toEqual([[], [failure('request-1')]])
  // Brought again it is no news.
  await bring('third')
  expect((await standing(build))?.failures).toEqual([failure('request-1')])
})

test('a lease that has run out is taken over, and its old holder changes nothing any more', async () => {
  const build = nextBuild()
  const later = watcher()
  const { tell } = watcher(() => hold(build, 'later', later.tell, after(LEASE_SECONDS + 1)))
  await hold(build, 'slow', async report => ({ ...(await tell(report)), publications: 99 }))
  expect(later.looks).toHaveLength(1)
  expect(await standing(build)).toMatchObject({ lease: null, publications: 1 })
})

test('the same invocation, tried again by Lambda, need not wait for itself', async () => {
  const build = nextBuild()
  const again = watcher()
  const { tell } = watcher(() => hold(build, 'one', again.tell))
  await hold(build, 'one', tell)
  expect(again.looks).toHaveLength(1)
})

const throwing: Tell = async () => {
  throw new Error('no network')
}

test('who fails while telling frees the lease', async () => {
  const build = nextBuild()
  await expect(hold(build, 'one', throwing)).rejects.toThrow('no network')
  expect(await standing(build)).toMatchObject({ lease: null, isClosed: false })
  const { looks, tell } = watcher()
  await hold(build, 'two', tell)
  expect(looks).toHaveLength(1)
})

test('so does who fails after another has asked, whose news is kept', async () => {
  const build = nextBuild()
  const failing: Tell = async report => {
    await withLease(build, leaseHolder('other'), failure('request-1'), watcher().tell)
    return throwing(report)
  }
  await expect(hold(build, 'one', failing)).rejects.toThrow('no network')
  expect(await standing(build)).toMatchObject({ lease: null, failures: [failure('request-1')] })
})

test('a repeated write that lost against itself ends neither in silence nor in a loop', async () => {
  const build = nextBuild()
  const seen = new Set<string>()
  const front = await startProxy(bucket.url, ({ method, headers }) => {
    const write = `${headers['if-match']} ${headers['if-none-match']}`
    return method === 'PUT' && !seen.has(write) && Boolean(seen.add(write))
  })
  try {
    const { looks, tell } = watcher()
    await withLease(build, leaseHolder('one', after(0), openAt(front.url)), null, tell)
    expect(looks.length).toBeGreaterThanOrEqual(1)
    expect(seen.size).toBeGreaterThanOrEqual(2)
    expect(await standing(build)).toMatchObject({ lease: null, isClosed: true })
  } finally {
    await front.close()
  }
})
