import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildKeys, spendKeys } from '../../../src/records/keys.ts'
import { readRecord } from '../../../src/records/read-record.ts'
import { listMonths, spendSchema } from '../../../src/records/spend.ts'
import type { Store } from '../../../src/records/store.ts'
import { countSpend } from '../../../src/reporting/count-spend.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { endedRun, makeBuild, reportOf } from '../../support/records.ts'

const PROJECT = 'gh/ada/web'
const { conclusion, reason, endedAt } = endedRun()
const END = { conclusion: conclusion ?? 'errored', reason, deploy: null, endedAt: endedAt ?? '' }

const endedReport = (cost: number | null = 0.001) => reportOf({ end: END, cost })

/** Counts a build, and then lets its report remember that, as `finishReport` does. */
async function count(
  store: Store,
  number: number,
  cost: number | null = 0.001,
  queuedAt = '2026-11-20T10:00:00Z',
) {
  const report = endedReport(cost)
  const isCounted = await countSpend({ build: makeBuild({ number, queuedAt }), report }, store)
  await store.put(
    buildKeys({ project: PROJECT, number }).report,
    JSON.stringify({ ...report, isCounted }),
    'application/json',
  )
}

const monthOf = (store: Store, month = '2026-11') =>
  readRecord(store, spendKeys.month(PROJECT, month), spendSchema)

test('adds up all builds of each month, the newest month first', async () => {
  const store = openMemoryStore()
  await count(store, 1, 0.25, '2026-09-30T23:59:59.999Z')
  await count(store, 2, 0.5, '2026-10-01T00:00:00.000Z')
  await count(store, 3, 0.25, '2026-10-31T23:00:00.000Z')
  // One that never ran.
  await count(store, 4, null, '2026-10-31T23:00:00.000Z')
  await store.put('gh/ada/web2/spend/2026-10.json', '{}', 'application/json')
  expect(await listMonths(store, PROJECT)).toEqual([
    { month: '2026-10', builds: 3, cost: 0.75 },
    { month: '2026-09', builds: 1, cost: 0.25 },
  ])
})

test('a build that has not ended, or whose report remembers that it was counted, changes nothing', async () => {
  const store = openMemoryStore()
  const build = makeBuild()
  expect(await countSpend({ build, report: reportOf() }, store)).toBe(false)
  const remembered = { ...endedReport(), isCounted: true }
  expect(await countSpend({ build, report: remembered }, store)).toBe(true)
  expect(await listMonths(store, PROJECT)).toEqual([])
})

test('a report that was interrupted after it had counted its build corrects the cost, and does not count again', async () => {
  const store = openMemoryStore()
  await count(store, 1, 0.25)
  const build = makeBuild({ number: 2 })
  for (const cost of [0.5, 0.75, 0.75]) await countSpend({ build, report: endedReport(cost) }, store)
  expect(await listMonths(store, PROJECT)).toEqual([{ month: '2026-11', builds: 2, cost: 1 }])
})

test('builds that end at the same moment are all counted', async () => {
  const store = openMemoryStore()
  await Promise.all(Array.from({ length: 20 }, (_, index) => count(store, index + 1, 0.5)))
  expect(await listMonths(store, PROJECT)).toEqual([{ month: '2026-11', builds: 20, cost: 10 }])
})

test('the record stays small, and keeps those builds whose reports do not remember it', async () => {
  const store = openMemoryStore()
  const interrupted = makeBuild({ number: 5 })
  for (let number = 1; number <= 1100; number++) {
    if (number === 5) await countSpend({ build: interrupted, report: endedReport(0.5) }, store)
    else await count(store, number, 0.5)
  }
  const month = await monthOf(store)
  expect(Object.keys(month?.recent ?? {})).toEqual(['5', '1100'])
  await countSpend({ build: interrupted, report: endedReport(0.5) }, store)
  expect(await monthOf(store)).toMatchObject({ builds: 1100, cost: 550 })
})

test('whatever order builds end in, and however often their reports are interrupted: the sum is that of their last costs', async () => {
  const history = fc.array(
    fc.record({ number: fc.integer({ min: 1, max: 8 }), quarters: fc.nat(8), isInterrupted: fc.boolean() }),
    { maxLength: 40 },
  )
  await fc.assert(
    fc.asyncProperty(history, async steps => {
      const store = openMemoryStore()
      const costs = new Map<number, number>()
      const remembered = new Set<number>()
      for (const { number, quarters, isInterrupted } of steps) {
        const cost = remembered.has(number) ? (costs.get(number) ?? 0) : quarters / 4
        costs.set(number, cost)
        const report = { ...endedReport(cost), isCounted: remembered.has(number) }
        await countSpend({ build: makeBuild({ number }), report }, store)
        if (!isInterrupted) remembered.add(number)
      }
      const [month] = await listMonths(store, PROJECT)
      expect(month?.builds ?? 0).toBe(costs.size)
      expect(month?.cost ?? 0).toBe([...costs.values()].reduce((sum, cost) => sum + cost, 0))
    }),
  )
})
