import fc from 'fast-check'
import { expect, test } from 'vitest'
import { costOf, describeCost } from '../../../src/records/cost.ts'
import { after, endedRun } from '../../support/records.ts'

const END = after(44).toISOString()
/** The cost that every build has, however short: webhook, report and requests. */
const fixedCost = (architecture: string) =>
  costOf(runLike({ memoryMb: 128, architecture }, 0), after(2).toISOString()) ?? 0

function runLike(runner: object, segments = 0, bytes = 0) {
  const run = endedRun({ log: { bytes, complete: true, segments } })
  return run.runner ? { ...run, runner: { ...run.runner, ...runner } } : run
}

test('the cost of a build that never ran is unknown', () => {
  expect(costOf(null, END)).toBeNull()
  expect(costOf(endedRun({ runner: null }), END)).toBeNull()
})

test('ten minutes with 2,048 MB cost what AWS charges', () => {
  const run = runLike({ memoryMb: 2048, architecture: 'x64', storageMb: 2048 }, 600, 10 * 1024 * 1024)
  const compute = 2 * 600 * 0.0000166667
  const disk = 1.5 * 600 * 0.0000000309
  const log = (600 + 2) * 0.000005
  const cost = costOf(run, after(602).toISOString()) ?? 0
  expect(cost).toBeCloseTo(compute + disk + log + fixedCost('x64'), 8)
  expect(describeCost(cost)).toBe('~$0.023')
})

test('the fixed cost of a build is less than a tenth of a cent', () => {
  expect(fixedCost('arm64')).toBeGreaterThan(0)
  expect(fixedCost('x64')).toBeLessThan(0.001)
})

test('arm64 is cheaper; more memory, time, disk or log is never cheaper', () => {
  expect(costOf(runLike({ architecture: 'arm64' }), END)).toBeLessThan(
    costOf(runLike({ architecture: 'x64' }), END) ?? 0,
  )
  const size = fc.integer({ min: 128, max: 10_240 })
  const amounts = fc.tuple(size, size, fc.nat(900), fc.nat(5000), fc.nat(1e9))
  const costs = ([memoryMb, storageMb, seconds, segments, bytes]: [number, number, number, number, number]) =>
    costOf(runLike({ memoryMb, storageMb }, segments, bytes), after(2 + seconds).toISOString()) ?? 0
  fc.assert(
    fc.property(amounts, amounts, (one, other) => {
      const most = one.map((amount, index) => Math.max(amount, other[index] ?? 0)) as typeof one
      expect(costs(most)).toBeGreaterThanOrEqual(Math.max(costs(one), costs(other)))
    }),
  )
})

test.each([
  [0.00021, '~$0.0002'],
  [0.00214, '~$0.0021'],
  [0.0234, '~$0.023'],
  [1.2, '~$1.200'],
])('%d is shown as %s', (dollars, text) => {
  expect(describeCost(dollars)).toBe(text)
})
