import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { define, host, scratchDirectory, until } from './host.ts'

test('a sandbox starts cold, stays warm, and keeps the state of its module', async () => {
  const lambda = await host([define('counter.count')])
  const first = await lambda.invoke('count', { n: 1 })
  const second = await lambda.invoke('count', { n: 2 })
  const [sandbox, ...others] = lambda.sandboxes('count')
  expect(others).toEqual([])
  expect(first).toMatchObject({ ok: true, payload: { calls: 1, event: { n: 1 }, pid: sandbox?.pid } })
  expect(second).toMatchObject({ ok: true, payload: { calls: 2, event: { n: 2 }, pid: sandbox?.pid } })
})

test('the context has the ARN and the remaining time, and log lines have the request id', async () => {
  const lambda = await host([define('counter.count', { memoryMb: 512 })], { region: 'eu-west-1' })
  const result = await lambda.invoke('count', {})
  if (!result.ok) throw new Error(result.error.errorMessage)
  const { context, remaining } = result.payload as {
    context: Record<string, string>
    remaining: number
  }
  expect(context).toMatchObject({
    functionName: 'count',
    memoryLimitInMB: '512',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:count',
  })
  expect(lambda.arn('count')).toBe(context.invokedFunctionArn)
  expect(remaining).toBeGreaterThan(0)
  expect(remaining).toBeLessThanOrEqual(20_000)
  const line = await until(() => lambda.lines.find(each => each.line === 'call 1'))
  expect(line.requestId).toBe(context.awsRequestId)
})

test('a sandbox has its own environment and no secrets of the host', async () => {
  const definition = define('counter.environment', {
    environment: { LAMBCI_BUCKET: 'bucket' },
    sandboxEnvironment: id => ({ LAMBCI_SANDBOX: join('/nowhere', id) }),
  })
  process.env.SECRET_OF_THE_HOST = 'hidden'
  const lambda = await host([definition])
  const result = await lambda.invoke('environment', {})
  delete process.env.SECRET_OF_THE_HOST
  const [sandbox] = lambda.sandboxes('environment')
  expect(result).toMatchObject({
    payload: {
      LAMBCI_BUCKET: 'bucket',
      LAMBCI_SANDBOX: `/nowhere/${sandbox?.id}`,
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'environment',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
      PATH: process.env.PATH,
      _X_AMZN_TRACE_ID: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};/),
    },
  })
  expect(result).not.toHaveProperty('payload.SECRET_OF_THE_HOST')
  expect(result).not.toHaveProperty('payload.NODE_ENV')
})

test('a handler without a result returns null', async () => {
  const lambda = await host([define('counter.nothing')])
  expect(await lambda.invoke('nothing', {})).toEqual({ ok: true, payload: null })
})

test('concurrency limits the sandboxes, and a sandbox runs one event at a time', async () => {
  const lambda = await host([define('counter.slow', { concurrency: 2 })])
  const results = await Promise.all(Array.from({ length: 6 }, () => lambda.invoke('slow', {})))
  const payloads = results.map(each =>
    each.ok ? (each.payload as { pid: number; concurrent: number }) : null,
  )
  expect(payloads.map(each => each?.concurrent)).toEqual([1, 1, 1, 1, 1, 1])
  expect(new Set(payloads.map(each => each?.pid)).size).toBe(2)
  expect(lambda.sandboxes('slow')).toHaveLength(2)
})

test('events of a function that shares sandboxes wait for a busy one, but not for long', async () => {
  const shared = { concurrency: 3, sharesSandboxes: true }
  const patient = await host([define('counter.count', shared)], { busyMs: 60_000 })
  await Promise.all([1, 2, 3].map(() => patient.invoke('count', {})))
  expect(patient.sandboxes('count')).toHaveLength(1)
  const lambda = await host([define('failing.hangsOnce', shared)])
  const mark = join(scratchDirectory(), 'mark')
  void lambda.invoke('hangsOnce', { mark })
  await until(() => existsSync(mark))
  expect(await lambda.invoke('hangsOnce', { mark })).toMatchObject({ ok: true })
  expect(lambda.sandboxes('hangsOnce')).toHaveLength(2)
})

test('an idle sandbox is killed after a while', async () => {
  const lambda = await host([define('counter.count')], { idleMs: 10 })
  await lambda.invoke('count', {})
  await until(() => lambda.sandboxes('count').length === 0)
  expect(await lambda.invoke('count', {})).toMatchObject({ payload: { calls: 1 } })
})

test('an unknown function is rejected with an error that lists the functions', async () => {
  const lambda = await host([define('counter.count')])
  await expect(lambda.invokeAsync('cuont', {})).rejects.toThrow(
    'There is no function cuont. The functions are count.',
  )
})
