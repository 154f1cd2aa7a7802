import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOLD_SECONDS, LEASE_SECONDS } from '../../../src/records/lease.ts'
import { readReport } from '../../../src/records/read-records.ts'
import type { Report } from '../../../src/records/report-record.ts'
import { withReport } from '../../../src/reporting/with-report.ts'
import { type Bucket, openAt, openBucket } from '../../support/bucket.ts'
import { startProxy } from '../../support/proxy.ts'
import { after, NONCE } from '../../support/records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

let builds = 0
const nextBuild = () => ({ project: 'gh/ada/web', number: ++builds, approval: null })
type Build = ReturnType<typeof nextBuild>
type Work = (report: Report) => Promise<Report>

const leaseHolder = (holder: string, now = after(0), store = bucket.store) => ({
  store,
  holder,
  now: () => now,
})
const hold = (build: Build, holder: string, work: Work, now = after(0)) =>
  withReport(build, leaseHolder(holder, now), NOTHING, work)
const stored = async (build: Build) => readReport(bucket.store, build)

/** Work that closes the report and records every report it receives. */
function recorder(during: (count: number, report: Report) => Promise<unknown> = async () => {}) {
  const reports: Report[] = []
  const work: Work = async report => {
    reports.push(report)
    await during(reports.length, report)
    return { ...report, isClosed: true }
  }
  return { reports, work }
}
const NOTHING = { failure: null, isGone: false }
const knowing = (requestId: string) => ({ failure: failure(requestId), isGone: false })
const failure = (requestId: string) => ({ nonce: NONCE, requestId, reason: 'it was killed' })

test('a single holder works once, and its report is stored', async () => {
  const build = nextBuild()
  const { reports, work } = recorder()
  await hold(build, 'one', work)
  expect(reports).toHaveLength(1)
  expect(reports[0]?.lease).toEqual({ holder: 'one', until: after(LEASE_SECONDS).toISOString() })
  expect(await stored(build)).toMatchObject({ lease: null, isRerunRequested: false, isClosed: true })
})

test('of many concurrent holders one works at a time, and the last arrival is noticed', async () => {
  const build = nextBuild()
  let [working, maxWorking, arrived, noticed] = [0, 0, 0, 0]
  const work: Work = async report => {
    working += 1
    maxWorking = Math.max(maxWorking, working)
    noticed = arrived
    await readReport(bucket.store, build)
    working -= 1
    return report
  }
  const arrive = (index: number) => {
    arrived += 1
    return hold(build, `report-${index}`, work)
  }
  await Promise.all(Array.from({ length: 12 }, (_, index) => arrive(index)))
  expect([maxWorking, noticed]).toEqual([1, 12])
  expect(await stored(build)).toMatchObject({ lease: null })
})

test('an invocation that finds the lease taken leaves, and the holder works once more', async () => {
  const build = nextBuild()
  const other = recorder()
  const { reports, work } = recorder(async count => {
    if (count <= 2) await hold(build, 'other', other.work)
  })
  await hold(build, 'one', work)
  expect([reports.length, other.reports.length]).toEqual([3, 0])
  expect(await stored(build)).toMatchObject({ lease: null, isRerunRequested: false, isClosed: true })
})

test('of many invocations that find the lease taken and know nothing new, one writes', async () => {
  const build = nextBuild()
  let writes = 0
  const proxy = await startProxy(bucket.url, ({ method }) => {
    if (method === 'PUT') writes += 1
    return false
  })
  try {
    const others = { ...leaseHolder('other'), store: openAt(proxy.url) }
    const { reports, work } = recorder(async count => {
      if (count > 1) return
      for (let other = 0; other < 5; other++) await withReport(build, others, NOTHING, recorder().work)
    })
    await hold(build, 'one', work)
    expect([reports.length, writes]).toEqual([2, 1])
  } finally {
    await proxy.close()
  }
})

test('a holder that is asked again and again frees the lease after a minute, and says that there is more to do', async () => {
  const build = nextBuild()
  let seconds = 0
  const clock = { ...leaseHolder('one'), now: () => after(seconds) }
  const { reports, work } = recorder(async () => {
    await withReport(build, { ...clock, holder: 'other' }, NOTHING, recorder().work)
    seconds += HOLD_SECONDS / 2
  })
  expect(await withReport(build, clock, NOTHING, work)).toBe('unfinished')
  expect(reports).toHaveLength(2)
  expect(await stored(build)).toMatchObject({ lease: null, isRerunRequested: true })
  expect(await hold(build, 'next', recorder().work)).toBe('done')
  expect(await stored(build)).toMatchObject({ lease: null, isRerunRequested: false })
})

test('the holder sees a failure that another invocation adds meanwhile', async () => {
  const build = nextBuild()
  const addFailure = (holder: string) =>
    withReport(build, leaseHolder(holder), knowing('request-1'), recorder().work)
  const { reports, work } = recorder(async count => {
    if (count === 1) await addFailure('other')
  })
  await hold(build, 'one', work)
  expect(reports.map(({ failures }) => failures)).toEqual([[], [failure('request-1')]])
  // The same failure is not added twice.
  await addFailure('third')
  expect((await stored(build))?.failures).toEqual([failure('request-1')])
})

test('an expired lease is taken over, and its old holder changes nothing', async () => {
  const build = nextBuild()
  const later = recorder()
  const { work } = recorder(() => hold(build, 'later', later.work, after(LEASE_SECONDS + 1)))
  await hold(build, 'slow', async report => ({ ...(await work(report)), publications: 99 }))
  expect(later.reports).toHaveLength(1)
  expect(await stored(build)).toMatchObject({ lease: null, publications: 1 })
})

test('a retry of the same invocation does not wait for its own lease', async () => {
  const build = nextBuild()
  const again = recorder()
  const { work } = recorder(() => hold(build, 'one', again.work))
  await hold(build, 'one', work)
  expect(again.reports).toHaveLength(1)
})

const throwing: Work = async () => {
  throw new Error('no network')
}

test('a failing holder releases the lease', async () => {
  const build = nextBuild()
  await expect(hold(build, 'one', throwing)).rejects.toThrow('no network')
  expect(await stored(build)).toMatchObject({ lease: null, isClosed: false })
  const { reports, work } = recorder()
  await hold(build, 'two', work)
  expect(reports).toHaveLength(1)
})

test('a failing holder releases the lease and keeps a failure that was added meanwhile', async () => {
  const build = nextBuild()
  const failing: Work = async report => {
    await withReport(build, leaseHolder('other'), knowing('request-1'), recorder().work)
    return throwing(report)
  }
  await expect(hold(build, 'one', failing)).rejects.toThrow('no network')
  expect(await stored(build)).toMatchObject({ lease: null, failures: [failure('request-1')] })
})

test('a write that conflicts with its own retry neither loses the report nor loops', async () => {
  const build = nextBuild()
  const seen = new Set<string>()
  const proxy = await startProxy(bucket.url, ({ method, headers }) => {
    const write = `${headers['if-match']} ${headers['if-none-match']}`
    return method === 'PUT' && !seen.has(write) && Boolean(seen.add(write))
  })
  try {
    const { reports, work } = recorder()
    await withReport(build, leaseHolder('one', after(0), openAt(proxy.url)), NOTHING, work)
    expect(reports.length).toBeGreaterThanOrEqual(1)
    expect(seen.size).toBeGreaterThanOrEqual(2)
    expect(await stored(build)).toMatchObject({ lease: null, isClosed: true })
  } finally {
    await proxy.close()
  }
})

test('when a job was claimed is entered, even while another invocation works on the report', async () => {
  const build = nextBuild()
  const knowledge = { ...NOTHING, claimedAt: after(2).toISOString() }
  const claims: (string | null)[] = []
  await hold(build, 'one', async report => {
    claims.push(report.claimedAt)
    if (claims.length === 1) await withReport(build, leaseHolder('other'), knowledge, recorder().work)
    return report
  })
  expect(claims).toEqual([null, after(2).toISOString()])
  await hold(build, 'one', recorder().work)
  expect((await stored(build))?.claimedAt).toBe(after(2).toISOString())
})

test('a branch that is deleted while its closed report is worked on is told', async () => {
  const build = nextBuild()
  const gone = () => withReport(build, leaseHolder('other'), { failure: null, isGone: true }, recorder().work)
  const { reports, work } = recorder(async count => {
    if (count === 1) await gone()
  })
  await hold(build, 'one', work)
  expect(reports.map(({ isGone, isClosed }) => [isGone, isClosed])).toEqual([
    [false, false],
    [true, false],
  ])
  expect(await stored(build)).toMatchObject({ isGone: true, isClosed: true })
  // The same is not told again.
  await gone()
  expect((await stored(build))?.isClosed).toBe(true)
})
