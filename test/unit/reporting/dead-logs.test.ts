import { beforeEach, expect, test, vi } from 'vitest'
import { buildKeys, jobKeys } from '../../../src/records/keys.ts'
import { readReport } from '../../../src/records/read-records.ts'
import type { Store } from '../../../src/records/store.ts'
import { reportBuild } from '../../../src/report-build.ts'
import { draftedJob, draftWith } from '../../support/plans.ts'
import { endedRun, FORKED, runOf } from '../../support/records.ts'
import { ReportWorld, STAGE } from '../../support/report-world.ts'

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

const BUILD = { project: STAGE.project, number: 7 }
const NAMES = ['a', 'b']
type Pieces = { count: number; bytes: number; seconds: number }

/** A build whose jobs have died. Each has left its log in so many pieces, each of which takes a while to be read. */
async function openBuild({ count, bytes: size, seconds }: Pieces) {
  const world = new ReportWorld('a')
  const jobs = NAMES.map(name => draftedJob(name))
  const draft = draftWith(jobs, { leadRunsFirst: false })
  await world.build(7, 'a', endedRun({ draft }), FORKED)
  await world.report(7)
  const claim = { ...runOf({ phase: 'claimed', plan: null }), nonce: 'of-another-attempt' }
  const logs = NAMES.map((_, index) => jobKeys(BUILD, { key: index + 1, attempt: 1 }))
  for (const { record } of logs) await world.put(record('claim'), claim)
  world.at(70)
  const { store } = world
  const bytes = Buffer.alloc(size, '\n')
  const large: Store = {
    ...store,
    list: async (prefix, options) => {
      if (!prefix.endsWith('/log/')) return store.list(prefix, options)
      return Array.from({ length: count }, (_, index) => ({
        key: `${prefix}${String(index * size).padStart(12, '0')}.txt`,
        ...{ size, modifiedAt: world.now() },
      }))
    },
    getRange: async (key, from, length) => {
      if (!/\/log\/\d{12}\.txt$/.test(key)) return store.getRange(key, from, length)
      if (length > 1) world.at(world.minutes + seconds / 60)
      return bytes.subarray(from, from + length)
    },
  }
  const report = async () => {
    const from = world.minutes
    await reportBuild(world.triggerOf(7), { ...world.context(), store: large })
    return { minutes: world.minutes - from, report: await readReport(store, BUILD) }
  }
  return { world, report, logs }
}

test.each<[string, Pieces]>([
  ['many', { count: 520, bytes: 100, seconds: 0.07 }],
  // Too small to be copied by S3.
  ['large', { count: 14, bytes: 5_000_000, seconds: 3 }],
])(
  'logs of %s pieces that dead jobs have left are completed in several invocations, and the build is closed',
  async (_, pieces) => {
    const { world, report, logs } = await openBuild(pieces)
    let isClosed = false
    let count = 0
    while (!isClosed) {
      const before = world.invoked.length
      const found = await report()
      count++
      isClosed = found.report?.isClosed ?? false
      expect(found.report?.end?.conclusion).toBe('errored')
      expect(found.minutes).toBeLessThan(1.5)
      // Who leaves something to do has invoked report for it.
      expect(world.invoked.length - before).toBe(isClosed ? 0 : 1)
      expect(count).toBeLessThan(10)
    }
    expect(count).toBeGreaterThan(1)
    for (const { log } of logs) {
      const end = await world.store.getRange(log.whole, pieces.count * pieces.bytes, 100)
      expect(Buffer.from(end ?? '').toString()).toMatch('The job ended in an error: The job died')
    }
    expect(await world.store.getRange(buildKeys(BUILD).log, 0, 1)).not.toBeNull()
  },
)
