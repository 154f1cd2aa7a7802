import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BusyQueue } from '../../lambda/busy-queue.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function open() {
  const late: number[] = []
  const start = performance.now()
  const queue = new BusyQueue<string>(1000, () => late.push(performance.now() - start))
  return { queue, late }
}

test('an event is late after the wait of its own, not of one before it', async () => {
  const { queue, late } = open()
  const first = queue.wait(null)
  await vi.advanceTimersByTimeAsync(900)
  queue.takeOf(null)?.resolve('a sandbox')
  expect(await first).toBe('a sandbox')
  void queue.wait(null)
  await vi.advanceTimersByTimeAsync(950)
  expect(late).toEqual([])
  await vi.advanceTimersByTimeAsync(100)
  expect(late).toEqual([1900])
})

test('an event that stays is late again after each wait', async () => {
  const { queue, late } = open()
  void queue.wait(null)
  await vi.advanceTimersByTimeAsync(3500)
  expect(late).toEqual([1000, 2000, 3000])
  expect(queue.takeFirst()?.tenantId).toBeNull()
  await vi.advanceTimersByTimeAsync(3500)
  expect(late).toEqual([1000, 2000, 3000])
})

test('events are taken in order, of one tenant or of all', () => {
  const { queue } = open()
  for (const tenant of ['a', 'b', 'a']) void queue.wait(tenant)
  expect(queue.takeOf('b')?.tenantId).toBe('b')
  expect(queue.takeOf('b')).toBeUndefined()
  expect([queue.takeFirst(), queue.takeFirst(), queue.takeFirst()].map(each => each?.tenantId)).toEqual([
    'a',
    'a',
    undefined,
  ])
})
