import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { define, host, isAlive, scratchDirectory, until } from './host.ts'

test('an error that the handler throws is the function error, and the sandbox lives on', async () => {
  const lambda = await host([define('failing.throws')])
  const [first, second] = [await lambda.invoke('throws', {}), await lambda.invoke('throws', {})]
  expect(first).toMatchObject({ ok: false, error: { errorType: 'RangeError', errorMessage: 'too far' } })
  expect(second).toMatchObject({ ok: false, error: { errorType: 'RangeError' } })
  expect(lambda.sandboxes('throws')).toHaveLength(1)
})

test('a module that cannot be loaded fails the event once for each attempt, then is left alone', async () => {
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
  ['a missing export', 'counter.nobody', 'Runtime.HandlerNotFound'],
])('%s is named', async (_, handler, errorType) => {
  const definition = define(handler)
  const lambda = await host([definition])
  expect(await lambda.invoke(definition.name, {})).toMatchObject({ ok: false, error: { errorType } })
})

test('a rejection that nobody handles ends the invocation', async () => {
  const lambda = await host([define('failing.rejectsElsewhere')])
  expect(await lambda.invoke('rejectsElsewhere', {})).toMatchObject({
    error: { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'forgotten' },
  })
})

test('a process that exits by itself is told by its status', async () => {
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

test('a result above six megabytes is refused', async () => {
  const lambda = await host([define('failing.returnsTooMuch')])
  expect(await lambda.invoke('returnsTooMuch', {})).toMatchObject({
    error: { errorType: 'Function.ResponseSizeTooLarge' },
  })
})

test('at its timeout a sandbox dies with all that it has started', async () => {
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
  // Killed at once, but whoever inherits them may take a moment to collect them.
  await until(() => !left.some(isAlive))
  expect(lambda.sandboxes('leavesProcesses')).toEqual([])
})

test('a sandbox that is killed fails its event with an exit error, and its processes go with it', async () => {
  const pids = join(scratchDirectory(), 'pids')
  const definition = define('failing.leavesProcesses', {
    maximumRetryAttempts: 0,
    sandboxEnvironment: id => ({ LAMBCI_SANDBOX: join('/nowhere', id) }),
  })
  const lambda = await host([definition])
  const requestId = await lambda.invokeAsync('leavesProcesses', { pids, disown: true })
  const left = await until(() => {
    const seen = readIfThere(pids).trim().split('\n').map(Number)
    return seen.length === 4 && seen
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

test('a warm sandbox that died between two events costs neither of them', async () => {
  const lambda = await host([define('counter.count')])
  await lambda.invoke('count', {})
  const { pid } = lambda.sandboxes('count')[0]!
  process.kill(pid, 'SIGKILL')
  // Not a moment later: nobody has had the time to tell of it.
  while (!/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
  expect(await lambda.invoke('count', {})).toMatchObject({ ok: true, payload: { calls: 1 } })
})

function readIfThere(file: string) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
