import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { rejectOnAbort, runConcurrently } from '../../../src/workspace/concurrency.ts'

const NEVER = new AbortController().signal

test('returns all results in the order of the tasks', async () => {
  const tasks = [20, 1, 10].map(ms => (signal: AbortSignal) => sleep(ms, ms, { signal }))
  expect(await runConcurrently(NEVER, tasks)).toEqual([20, 1, 10])
})

test('if one task fails, the others are aborted and have ended before it rejects', async () => {
  const ended: string[] = []
  const tasks = [
    async (signal: AbortSignal) => {
      await sleep(60_000, null, { signal }).catch(() => sleep(20))
      ended.push('the other')
      throw new Error('stopped')
    },
    async () => {
      await sleep(1)
      throw new Error('the cause')
    },
  ]
  await expect(runConcurrently(NEVER, tasks)).rejects.toThrow('the cause')
  expect(ended).toEqual(['the other'])
})

test('rejects when the signal aborts', async () => {
  const stop = new AbortController()
  const all = runConcurrently(stop.signal, [signal => sleep(60_000, null, { signal })])
  stop.abort(new Error('too late'))
  await expect(all).rejects.toThrow()
})

test('rejectOnAbort does not wait for the work', async () => {
  const stopped = AbortSignal.abort(new Error('too late'))
  await expect(rejectOnAbort(stopped, new Promise(() => {}))).rejects.toThrow('too late')
  await expect(rejectOnAbort(NEVER, Promise.resolve(1))).resolves.toBe(1)
})
