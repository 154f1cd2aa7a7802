import { expect, test } from 'vitest'
import { costsOf } from '../../../src/cli/commands/builds.ts'
import { raiseCounter } from '../../../src/records/counter.ts'
import { buildKeys, jobKeys } from '../../../src/records/keys.ts'
import type { Report } from '../../../src/records/report-record.ts'
import type { Store } from '../../../src/records/store.ts'
import { countSpend } from '../../../src/reporting/count-spend.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { endedRun, makeBuild, reportOf } from '../../support/records.ts'

const PROJECT = 'gh/ada/web'
const END = { conclusion: 'passed', reason: null, deploy: null, endedAt: '2026-11-20T10:01:00.000Z' } as const

/** Builds that have ended, the first `uncounted` of them under a version that kept no sum. */
async function openBuilds(count: number, uncounted: number): Promise<Store> {
  const store = openMemoryStore()
  const put = (key: string, value: object) => store.put(key, JSON.stringify(value), 'application/json')
  for (let number = 1; number <= count; number++) {
    const build = makeBuild({ number, branch: number % 2 ? 'master' : 'qa' })
    const report = reportOf({ end: END, cost: 0.25, isClosed: true })
    const { isCounted: _, claimedAt: _at, ...earlier } = report
    const later: () => Promise<Report> = async () => ({
      ...report,
      isCounted: await countSpend({ build, report }, store),
    })
    const keys = buildKeys(build)
    await put(keys.build, build)
    await put(jobKeys(build).record('end'), endedRun())
    await put(keys.report, number <= uncounted ? earlier : await later())
  }
  await raiseCounter(store, PROJECT, count)
  return store
}

test.each([
  ['none', 0],
  ['some', 2],
  ['all', 5],
])(
  'the cost of each month has all builds, %s of which ended under a version that kept no sum',
  async (_, uncounted) => {
    const store = await openBuilds(5, uncounted)
    expect(await costsOf(store, PROJECT)).toEqual([{ month: '2026-11', builds: 5, cost: 1.25 }])
    expect(await costsOf(store, PROJECT, 'qa')).toEqual([{ month: '2026-11', builds: 2, cost: 0.5 }])
  },
)

test('while the first build is running, nothing has a cost', async () => {
  const store = openMemoryStore()
  expect(await costsOf(store, PROJECT)).toEqual([])
  const { build, report } = buildKeys({ project: PROJECT, number: 1 })
  await store.put(build, JSON.stringify(makeBuild({ number: 1 })), 'application/json')
  await store.put(report, JSON.stringify(reportOf()), 'application/json')
  expect(await costsOf(store, PROJECT)).toEqual([])
})
