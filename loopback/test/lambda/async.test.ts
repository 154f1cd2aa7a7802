import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { define, host, isAlive, scratchDirectory, until } from './host.ts'

const linesOf = (file: string) => readFileSync(file, 'utf8').trim().split('\n')

test('a failed event is retried with the same request id until it succeeds', async () => {
  const tally = join(scratchDirectory(), 'tally')
  const lambda = await host([define('failing.failsFirst')])
  const requestId = await lambda.invokeAsync('failsFirst', { tally, times: 2 })
  await lambda.idle()
  expect(linesOf(tally)).toEqual([requestId, requestId, requestId])
  expect(lambda.records).toEqual([])
})

test.each([0, 1, 2])('after %i retries, the failure destination receives a record', async retries => {
  const tally = join(scratchDirectory(), 'tally')
  const lambda = await host([define('failing.failsFirst', { maximumRetryAttempts: retries })])
  await lambda.invokeAsync('failsFirst', { tally, times: 9 })
  await lambda.idle()
  expect(linesOf(tally)).toHaveLength(retries + 1)
  expect(lambda.records).toMatchObject([
    { requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: retries + 1 } },
  ])
})

test('the failure destination can be a function', async () => {
  const lambda = await host([
    define('failing.throws', { maximumRetryAttempts: 0, onFailure: 'count' }),
    define('counter.count'),
  ])
  await lambda.invokeAsync('throws', { a: 1 })
  await lambda.idle()
  expect(await lambda.invoke('count', {})).toMatchObject({ payload: { calls: 2 } })
})

test('an event that becomes too old is recorded with its last error', async () => {
  let now = Date.now()
  const lambda = await host([define('failing.throws', { maximumEventAgeSeconds: 60 })], {
    clock: { now: () => now },
    retryDelaysMs: [120_000],
  })
  await lambda.invokeAsync('throws', {})
  await until(() => lambda.lines.some(({ line }) => line.includes('too far')))
  now += 60_000
  await lambda.idle()
  expect(lambda.records).toMatchObject([
    {
      requestContext: { condition: 'EventAgeExceeded', approximateInvokeCount: 1 },
      responsePayload: { errorType: 'RangeError' },
    },
  ])
})

test('an event that never ran is recorded without a response', async () => {
  let now = Date.now()
  const mark = join(scratchDirectory(), 'mark')
  const lambda = await host([define('failing.hangsOnce', { concurrency: 1, maximumEventAgeSeconds: 60 })], {
    clock: { now: () => now },
  })
  await lambda.invokeAsync('hangsOnce', { mark })
  await until(() => existsSync(mark))
  await lambda.invokeAsync('hangsOnce', { mark, second: true })
  now += 60_000
  const record = await until(() => lambda.records[0])
  expect(record.requestContext).toMatchObject({ condition: 'EventAgeExceeded', approximateInvokeCount: 0 })
  expect(record.requestPayload).toEqual({ mark, second: true })
  expect(record).not.toHaveProperty('responsePayload')
})

test('queued and interrupted events are resumed at the next start', async () => {
  const directory = scratchDirectory()
  const mark = join(directory, 'mark')
  const functions = [define('failing.hangsOnce', { concurrency: 1, maximumRetryAttempts: 1 })]
  const first = await host(functions, { directory })
  await first.invokeAsync('hangsOnce', { mark })
  await until(() => existsSync(mark))
  await first.close()
  const second = await host(functions, { directory })
  await second.idle()
  expect(existsSync(`${mark}.again`)).toBe(true)
  expect([...first.records, ...second.records]).toEqual([])
})

test('if the host is killed, its sandboxes exit and no event is lost', async () => {
  const directory = scratchDirectory()
  const mark = join(directory, 'mark')
  const script = fileURLToPath(new URL('./handlers/host-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script, directory, mark], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const sandbox = await until(() => existsSync(mark) && Number(readFileSync(mark, 'utf8')))
  child.kill('SIGKILL')
  await until(() => !isAlive(sandbox))
  const lambda = await host([define('failing.hangsOnce', { maximumRetryAttempts: 1 })], { directory })
  await lambda.idle()
  expect(existsSync(`${mark}.again`)).toBe(true)
  expect(lambda.records).toEqual([])
})

test('an interrupted event without retries left has failed', async () => {
  const directory = scratchDirectory()
  const mark = join(directory, 'mark')
  const functions = [define('failing.hangsOnce', { maximumRetryAttempts: 0 })]
  const first = await host(functions, { directory })
  await first.invokeAsync('hangsOnce', { mark })
  await until(() => existsSync(mark))
  await first.close()
  const second = await host(functions, { directory })
  await second.idle()
  expect(existsSync(`${mark}.again`)).toBe(false)
  expect(second.records).toMatchObject([
    {
      requestContext: { condition: 'RetriesExhausted' },
      responsePayload: { errorType: 'Runtime.ExitError' },
    },
  ])
})

test('a second host on the same directory is rejected', async () => {
  const directory = scratchDirectory()
  await host([define('counter.count')], { directory })
  await expect(host([define('counter.count')], { directory })).rejects.toThrow(/is in use by another lambci/)
})

test('an event above one megabyte is rejected', async () => {
  const lambda = await host([define('counter.count')])
  await expect(lambda.invokeAsync('count', 'x'.repeat(1024 * 1024))).rejects.toThrow(/larger than 1 MB/)
})

test('a failure destination that does not exist is rejected at the start', async () => {
  const functions = [define('counter.count', { onFailure: 'report' })]
  await expect(host(functions)).rejects.toThrow('The failure destination of count is report, but')
})
