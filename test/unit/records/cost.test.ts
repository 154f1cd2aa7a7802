import fc from 'fast-check'
import { expect, test } from 'vitest'
import { costOf, describeCost, type Usage } from '../../../src/records/cost.ts'

const use = (change: Partial<Usage> = {}): Usage => ({
  seconds: 42,
  memoryMb: 1769,
  storageMb: 512,
  architecture: 'x64',
  segments: 0,
  bytes: 0,
  ...change,
})
/** The cost that every build has, however short: webhook, report and requests. */
const fixedCost = (architecture: string) => costOf(use({ seconds: 0, architecture }))

test('ten minutes with 2,048 MB cost what AWS charges', () => {
  const bytes = 10 * 1024 * 1024
  const cost = costOf(use({ seconds: 600, memoryMb: 2048, storageMb: 2048, segments: 600, bytes }))
  const compute = 2 * 600 * 0.0000166667
  const disk = 1.5 * 600 * 0.0000000309
  const log = (600 + 2) * 0.000005
  expect(cost).toBeCloseTo(compute + disk + log + fixedCost('x64'), 8)
  expect(describeCost(cost)).toBe('~$0.023')
})

test('the fixed cost of a build is less than a tenth of a cent', () => {
  expect(fixedCost('arm64')).toBeGreaterThan(0)
  expect(fixedCost('x64')).toBeLessThan(0.001)
})

test('arm64 is cheaper; more memory, time, disk or log is never cheaper', () => {
  expect(costOf(use({ architecture: 'arm64' }))).toBeLessThan(costOf(use()))
  const size = fc.integer({ min: 128, max: 10_240 })
  const amounts = fc.tuple(size, size, fc.nat(900), fc.nat(5000), fc.nat(1e9))
  const costs = ([memoryMb, storageMb, seconds, segments, bytes]: [number, number, number, number, number]) =>
    costOf(use({ memoryMb, storageMb, seconds, segments, bytes }))
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
