import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { rejectOnAbort, runConcurrently } from '../../../src/workspace/concurrency.ts'

const NEVER = new AbortController().signal

test('all of them, in their order', async () => {
  const works = [20, 1, 10].map(ms => (signal: AbortSignal) => sleep(ms, ms, { signal }))
  expect(await runConcurrently(NEVER, works)).toEqual([20, 1, 10])
})

test('when one fails the others are stopped, and have ended when that is told', async () => {
  const ended: string[] = []
  const works = [
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
  await expect(runConcurrently(NEVER, works)).rejects.toThrow('the cause')
  expect(ended).toEqual(['the other'])
})

test('whoever stops all of them is the cause', async () => {
  const stop = new AbortController()
  const all = runConcurrently(stop.signal, [signal => sleep(60_000, null, { signal })])
  stop.abort(new Error('too late'))
  await expect(all).rejects.toThrow()
})

test('what is given up is not waited for', async () => {
  const stopped = AbortSignal.abort(new Error('too late'))
  await expect(rejectOnAbort(stopped, new Promise(() => {}))).rejects.toThrow('too late')
  await expect(rejectOnAbort(NEVER, Promise.resolve(1))).resolves.toBe(1)
})
