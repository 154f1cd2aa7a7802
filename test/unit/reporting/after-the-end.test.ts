import { beforeEach, describe, expect, test, vi } from 'vitest'
import { readLineIndex, readLog, tail } from '../../../src/log/reader.ts'
import { costOf } from '../../../src/records/cost.ts'
import type { JobRun } from '../../../src/records/job-run.ts'
import {
  buildKeys,
  buildOutPrefix,
  type JobRecordName,
  jobKeys,
  spendKeys,
} from '../../../src/records/keys.ts'
import { readRecords, readReport } from '../../../src/records/read-records.ts'
import type { ListOptions } from '../../../src/records/store.ts'
import { viewOf } from '../../../src/records/view.ts'
import { draftedJob, draftWith } from '../../support/plans.ts'
import { endedRun, FORKED, after as momentAfter, runOf } from '../../support/records.ts'
import { ReportWorld } from '../../support/report-world.ts'

const BUILD = { project: 'gh/ada/web', number: 7 }
const KEYS = jobKeys(BUILD)
const NONCE = 'the-nonce-of-build-7'
/** In minutes: when nothing can be written any more with the credentials of the first publication. */
const EXPIRED = 65

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

/** What a job says that wants to be seen in another light. */
const FORGED = endedRun({
  nonce: NONCE,
  startedAt: '1970-01-01T00:00:00.000Z',
  endedAt: '9999-12-31T23:59:59.000Z',
  plan: { build: true, reason: 'forged', cmd: 'make forged', stage: 'production', merge: null },
  exit: { kind: 'exited', code: 0 },
  reason: 'All 4711 tests passed. Reviewed by security.',
  timings: { command: Number.MAX_VALUE, forged: Number.MAX_VALUE },
  notifications: { sns: { topicArn: 'arn:aws:sns:us-east-1:123456789012:forged' } },
  log: { bytes: Number.MAX_SAFE_INTEGER, complete: true, segments: 1 },
})

const write = (world: ReportWorld, name: JobRecordName, record: JobRun, key = 0) =>
  world.put(jobKeys(BUILD, { key, attempt: 1 }).record(name), record)
const viewIn = async ({ store }: ReportWorld) => {
  const records = await readRecords(store, BUILD)
  return records && viewOf(records)
}
const text = async ({ store }: ReportWorld, key: string) =>
  Buffer.from((await store.get(key))?.body ?? '').toString()
const keysBelow = async ({ store }: ReportWorld, prefix: string) =>
  (await store.list(prefix)).map(({ key }) => key.slice(prefix.length))

describe('a record that is written after the end that report has accepted', () => {
  type Row = [string, (world: ReportWorld) => Promise<unknown>, JobRecordName[]]
  const claimed = runOf({ phase: 'claimed', plan: null, nonce: NONCE })
  test.each<Row>([
    [
      'of a job that died',
      async world => {
        await world.build(7, 'a', claimed)
        await world.reportDeath(7)
      },
      ['draft', 'end'],
    ],
    [
      'of a job that was cancelled before anybody claimed it',
      async world => {
        await world.build(7, 'a', null)
        const why = { by: 'ada', why: 'by ada', supersededBy: null, at: momentAfter(1).toISOString() }
        await world.put(buildKeys(BUILD).cancel, why)
        await world.report(7)
      },
      ['claim', 'draft', 'end'],
    ],
    [
      'of a job that ended before it wrote a draft',
      async world => {
        await world.build(7, 'a', endedRun())
        await world.report(7)
      },
      ['claim', 'draft'],
    ],
    [
      'of the only job of a plan that died',
      async world => {
        await world.build(
          7,
          'a',
          endedRun({ draft: draftWith([draftedJob('unit')], { leadRunsFirst: false }) }),
        )
        await world.report(7)
        await write(world, 'claim', claimed, 1)
        await world.reportDeath(7, 1)
      },
      ['draft', 'end'],
    ],
  ])('does not exist: %s', async (name, end, late) => {
    const world = new ReportWorld('a')
    await end(world)
    const before = await viewIn(world)
    expect(before?.status).toMatch(/errored|cancelled|passed/)
    const spent = await text(world, spendKeys.month(BUILD.project, '2026-11'))
    const statuses = [...world.statuses]
    for (const record of late) {
      const phase = record === 'end' ? 'ended' : record === 'draft' ? 'running' : 'claimed'
      await write(world, record, { ...FORGED, phase }, name.includes('plan') ? 1 : 0)
      await world.report(7, record === 'claim' ? { claimedAt: momentAfter(3000).toISOString() } : {})
    }
    expect(await viewIn(world)).toEqual(before)
    // Nor when there is something to report again.
    await world.report(7, { isGone: true })
    expect(await viewIn(world)).toEqual(before)
    expect(await text(world, spendKeys.month(BUILD.project, '2026-11'))).toBe(spent)
    expect(world.statuses).toEqual(statuses)
  })
})

test('what a job says of its times stays between the request and the moment at which the bucket got it', async () => {
  const world = new ReportWorld('a')
  await world.build(7, 'a', { ...FORGED, plan: runOf().plan })
  await world.report(7)
  const view = await viewIn(world)
  expect(view).toMatchObject({
    startedAt: momentAfter(0).toISOString(),
    endedAt: momentAfter(60).toISOString(),
  })
  expect(Object.values(view?.timings ?? {})).toEqual([60_000, 60_000])
  const summary = JSON.parse(await text(world, 'gh/ada/web/branches/master.json'))
  expect(summary.endedAt).toBe(momentAfter(60).toISOString())
})

test('a job costs no more than its time and its requests, however large the objects are that it stores', () => {
  const usage = { memoryMb: 2048, storageMb: 2048, architecture: 'arm64', seconds: 900, segments: 1000 }
  const most = costOf({ ...usage, bytes: 0 })
  expect(costOf({ ...usage, bytes: 50e12 })).toBeLessThan(most + 0.01)
})

describe('a log', () => {
  test('that a job has promised and not stored is completed by report, so that nobody can store one later', async () => {
    const world = new ReportWorld('a')
    await world.build(7, 'a', endedRun())
    await world.store.put(KEYS.log.segment(0), 'begun\n', 'text/plain')
    await world.report(7)
    expect(await text(world, KEYS.log.whole)).toMatch(/^begun\n/)
    expect(await text(world, buildKeys(BUILD).log)).toMatch(/^begun\n/)
  })

  test('of a lead that only plans and died is completed, too', async () => {
    const world = new ReportWorld('a')
    const draft = draftWith([draftedJob('lint'), draftedJob('unit')], { leadRunsFirst: false })
    await world.build(7, 'a', runOf({ draft, nonce: NONCE }))
    await world.report(7)
    for (const key of [1, 2]) await write(world, 'end', endedRun({ nonce: NONCE }), key)
    await world.report(7)
    expect((await readReport(world.store, BUILD))?.isClosed).toBe(true)
    expect(await text(world, KEYS.log.whole)).toContain('The job did not complete its log')
  })

  test('has pieces of twelve digits alone; reading it takes a bounded list, whatever else is there', async () => {
    const { store } = new ReportWorld('a')
    await store.put(KEYS.log.segment(0), 'one\n', 'text/plain')
    await store.put(KEYS.log.segment(4), 'two\n', 'text/plain')
    for (const name of ['!000000000000.txt', 'x4.txt', 'a/000000000008.txt', '8.txt', '0000000000008.txt'])
      await store.put(`${KEYS.log.prefix}${name}`, 'FORGED\n', 'text/plain')
    for (let count = 0; count < 5000; count++)
      await store.put(`${KEYS.log.prefix}!${count}.txt`, 'FORGED\n', 'text/plain')
    const lists: (ListOptions | undefined)[] = []
    const watched = {
      ...store,
      list: (prefix: string, options?: ListOptions) => {
        lists.push(options)
        return store.list(prefix, options)
      },
    }
    expect(await tail(watched, KEYS.log)).toBe('one\ntwo')
    const { bytes } = await readLog(watched, KEYS.log, 0, 1000)
    expect(Buffer.from(bytes).toString()).toBe('one\ntwo\n')
    for (const options of lists) expect(options?.limit).toBeLessThanOrEqual(3000)
  })

  test('has no index of lines that was written after its end', async () => {
    const world = new ReportWorld('a')
    const index = { stride: 65_536, lines: [0] }
    await world.put(KEYS.log.lines, index)
    expect(await readLineIndex(world.store, KEYS.log)).toEqual(index)
    expect(await readLineIndex(world.store, KEYS.log, momentAfter(0))).toEqual(index)
    world.at(1)
    await world.put(KEYS.log.lines, { stride: 65_536, lines: [0, 4711] })
    expect(await readLineIndex(world.store, KEYS.log, momentAfter(0))).toBeNull()
  })
})

describe('what a job leaves beside its log', () => {
  const junk = ['junk-junk-00.txt', '000000000002.txt', '000000000099.txt']
  const leave = (world: ReportWorld, names: readonly string[]) =>
    Promise.all(names.map(name => world.store.put(`${KEYS.log.prefix}${name}`, 'xx', 'text/plain')))

  test('is removed at the end; the pieces of its log and the index stay', async () => {
    const world = new ReportWorld('a')
    await world.build(7, 'a', endedRun())
    await world.store.put(KEYS.log.segment(0), 'begun\n', 'text/plain')
    await world.put(KEYS.log.lines, {})
    await leave(world, junk)
    await world.report(7)
    expect(await keysBelow(world, KEYS.log.prefix)).toEqual([
      '000000000000.txt',
      '000000000099.txt',
      'lines.json',
    ])
    expect(await keysBelow(world, KEYS.prefix)).toEqual(
      expect.arrayContaining(['end.json', 'log.txt', 'log/000000000000.txt']),
    )
    // It is looked at once more, when nothing can be written any more.
    await leave(world, ['late-late-00.txt'])
    await world.advance()
    expect(world.minutes).toBe(EXPIRED)
    expect(await keysBelow(world, KEYS.log.prefix)).not.toContain('late-late-00.txt')
    expect(world.schedules.size).toBe(0)
  })

  test('of a stranger is removed after its credentials have expired, also if there was nothing at the end', async () => {
    const world = new ReportWorld('a')
    await world.build(7, 'a', endedRun(), FORKED)
    await world.report(7)
    expect((await readReport(world.store, BUILD))?.isClosed).toBe(true)
    // They were issued some seconds after the request.
    world.at(60.1)
    await leave(world, junk)
    expect(await world.advance()).toBe(true)
    expect(world.minutes).toBe(EXPIRED)
    expect(await keysBelow(world, KEYS.log.prefix)).toEqual(['000000000002.txt', '000000000099.txt'])
    expect(world.schedules.size).toBe(0)
  })

  test('of people who may push, if there is none at the end, costs no other look', async () => {
    const world = new ReportWorld('a')
    await world.build(7, 'a', endedRun())
    await world.report(7)
    expect((await readReport(world.store, BUILD))?.isClosed).toBe(true)
    expect(world.schedules.size).toBe(0)
  })

  test('is removed a thousand objects at a time', async () => {
    const world = new ReportWorld('a')
    await world.build(7, 'a', endedRun())
    const names = Array.from({ length: 1200 }, (_, at) => `junk-${String(at).padStart(7, '0')}.txt`)
    await leave(world, names)
    await world.report(7)
    expect(await keysBelow(world, KEYS.log.prefix)).toHaveLength(200)
    await world.advance()
    expect(await keysBelow(world, KEYS.log.prefix)).toEqual([])
  })

  test('is all removed in the end, however much there is', async () => {
    const world = new ReportWorld('a')
    await world.build(7, 'a', endedRun(), FORKED)
    await leave(
      world,
      Array.from({ length: 5200 }, (_, at) => `junk-${String(at).padStart(7, '0')}.txt`),
    )
    await world.report(7)
    await world.advance()
    // Whatever else report hears in between.
    await world.report(7, { isGone: true })
    let looks = 0
    while (await world.advance()) expect(++looks).toBeLessThan(10)
    expect(await keysBelow(world, KEYS.log.prefix)).toEqual([])
  })

  test('is removed after the end, although its branch was deleted meanwhile', async () => {
    const world = new ReportWorld('a')
    await world.build(7, 'a', endedRun())
    await leave(world, junk)
    await world.report(7)
    await world.report(7, { isGone: true })
    await leave(world, ['late-late-00.txt'])
    while (await world.advance());
    expect(await keysBelow(world, KEYS.log.prefix)).not.toContain('late-late-00.txt')
  })
})

describe('what a job stores beside its artifacts', () => {
  const OUT = buildOutPrefix(BUILD)
  const ARTIFACT = {
    name: 'dist',
    bytes: 2,
    sha256: '0'.repeat(64),
    unpackedBytes: 1,
    files: 1,
    paths: ['dist'],
  }
  const leave = (world: ReportWorld, names: readonly string[]) =>
    Promise.all(names.map(name => world.store.put(`${OUT}${name}`, 'xx', 'text/plain')))
  const LISTED = ['0/1/artifacts.json', '0/1/artifacts/dist.tar.zst']

  test('is removed at the end: what its end lists stays', async () => {
    const world = new ReportWorld('a')
    await world.build(7, 'a', endedRun({ artifacts: [ARTIFACT] }))
    await leave(world, [...LISTED, '0/1/artifacts/junk.tar.zst', '0/1/junk', '0/2/artifacts.json', 'junk'])
    await world.report(7)
    expect(await keysBelow(world, OUT)).toEqual(LISTED)
  })

  test('is all removed if its end lists nothing', async () => {
    const world = new ReportWorld('a')
    await world.build(7, 'a', endedRun())
    await leave(world, LISTED)
    await world.report(7)
    expect(await keysBelow(world, OUT)).toEqual([])
  })

  test('is all removed if its end came after the one that counts', async () => {
    const world = new ReportWorld('a')
    await world.build(7, 'a', runOf({ phase: 'claimed', plan: null, nonce: NONCE }), FORKED)
    await world.reportDeath(7)
    await write(world, 'end', endedRun({ artifacts: [ARTIFACT] }))
    await leave(world, LISTED)
    expect(await world.advance()).toBe(true)
    expect(await keysBelow(world, OUT)).toEqual([])
  })
})
