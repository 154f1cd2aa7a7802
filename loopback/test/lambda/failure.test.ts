import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { define, host, isAlive, scratchDirectory, until } from './host.ts'

test('an error thrown by the handler is the function error, and the sandbox stays alive', async () => {
  const lambda = await host([define('failing.throws')])
  const [first, second] = [await lambda.invoke('throws', {}), await lambda.invoke('throws', {})]
  expect(first).toMatchObject({ ok: false, error: { errorType: 'RangeError', errorMessage: 'too far' } })
  expect(second).toMatchObject({ ok: false, error: { errorType: 'RangeError' } })
  expect(lambda.sandboxes('throws')).toHaveLength(1)
})

test('a module that cannot be loaded fails each attempt, and no sandbox remains', async () => {
  const lambda = await host([define('unloadable.handler', { maximumRetryAttempts: 1 })])
  await lambda.invokeAsync('handler', { a: 1 })
  await lambda.idle()
  expect(lambda.records).toMatchObject([
    {
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 2 },
      responsePayload: { errorType: 'TypeError', errorMessage: 'cannot be loaded' },
    },
  ])
  expect(lambda.sandboxes('handler')).toEqual([])
})

test.each([
  ['a missing module', 'nowhere.handler', 'Runtime.ImportModuleError'],
  ['a missing export', 'counter.missing', 'Runtime.HandlerNotFound'],
])('%s has its own error type', async (_, handler, errorType) => {
  const definition = define(handler)
  const lambda = await host([definition])
  expect(await lambda.invoke(definition.name, {})).toMatchObject({ ok: false, error: { errorType } })
})

test('an unhandled rejection ends the invocation', async () => {
  const lambda = await host([define('failing.rejectsElsewhere')])
  expect(await lambda.invoke('rejectsElsewhere', {})).toMatchObject({
    error: { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'forgotten' },
  })
})

test('if the process exits by itself, the error contains its exit status', async () => {
  const lambda = await host([define('failing.exits')])
  const result = await lambda.invoke('exits', {})
  expect(result).toMatchObject({
    error: {
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(
        /^RequestId: .{36} Error: Runtime exited with error: exit status 3$/,
      ),
    },
  })
})

test('a result above six megabytes is rejected', async () => {
  const lambda = await host([define('failing.returnsTooMuch')])
  expect(await lambda.invoke('returnsTooMuch', {})).toMatchObject({
    error: { errorType: 'Function.ResponseSizeTooLarge' },
  })
})

test('at its timeout a sandbox is killed with all processes that it has started', async () => {
  const pids = join(scratchDirectory(), 'pids')
  const lambda = await host([define('failing.leavesProcesses', { timeoutMs: 1500 })])
  const result = await lambda.invoke('leavesProcesses', { pids, disown: false })
  expect(result).toMatchObject({
    error: {
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/Error: Task timed out after 1\.50 seconds$/),
    },
  })
  const left = readFileSync(pids, 'utf8').trim().split('\n').map(Number)
  expect(left).toHaveLength(3)
  // They are killed at once, but their new parent may take a moment to reap them.
  await until(() => !left.some(isAlive))
  expect(lambda.sandboxes('leavesProcesses')).toEqual([])
})

test('if a sandbox is killed, its event fails with an exit error and all its processes are killed', async () => {
  const pids = join(scratchDirectory(), 'pids')
  const definition = define('failing.leavesProcesses', {
    maximumRetryAttempts: 0,
    sandboxEnvironment: id => ({ LAMBCI_SANDBOX: join('/nowhere', id) }),
  })
  const lambda = await host([definition])
  const requestId = await lambda.invokeAsync('leavesProcesses', { pids, disown: true })
  const left = await until(() => {
    const found = readIfExists(pids).trim().split('\n').map(Number)
    return found.length === 4 && found
  })
  const [sandbox] = lambda.sandboxes('leavesProcesses')
  process.kill(sandbox!.pid, 'SIGKILL')
  await lambda.idle()
  expect(lambda.records).toEqual([
    {
      version: '1.0',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      requestContext: {
        requestId,
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:leavesProcesses:$LATEST',
        condition: 'RetriesExhausted',
        approximateInvokeCount: 1,
      },
      requestPayload: { pids, disown: true },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: {
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`,
      },
    },
  ])
  await until(() => !left.some(isAlive))
})

test('if a warm sandbox dies between two events, neither of them fails', async () => {
  const lambda = await host([define('counter.count')])
  await lambda.invoke('count', {})
  const { pid } = lambda.sandboxes('count')[0]!
  process.kill(pid, 'SIGKILL')
  // Busy-wait, so that the exit event cannot be emitted first.
  while (!/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
  expect(await lambda.invoke('count', {})).toMatchObject({ ok: true, payload: { calls: 1 } })
})

function readIfExists(file: string) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
