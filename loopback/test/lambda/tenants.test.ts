import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { InvokeCommand, type InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openFunctions } from '../../../src/aws/functions.ts'
import type { FunctionDefinition } from '../../lambda/definition.ts'
import type { LambdaOptions } from '../../lambda/lambda.ts'
import { startLambdaApi } from '../../lambda/lambda-api.ts'
import { define, host, scratchDirectory, until } from './host.ts'

const OWN = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-of-the-tests' }
const FORBIDDEN = 'forbidden'
const NEEDS_TENANT =
  'The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.'
const TAKES_NONE =
  'The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request and try again.'

type Line = { tenantId?: string; pid: number; calls: number; requestId: string }

const linesOf = (file: string): Line[] => {
  try {
    return readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Line)
  } catch {
    return []
  }
}
const isolated = (settings: Partial<FunctionDefinition> = {}) =>
  define('tenants.note', { isolatesTenants: true, ...settings })

/** Hosts the functions behind Lambda's API. `invoke` sends asynchronous invocations with the real SDK. */
async function serve(functions: FunctionDefinition[], options: Partial<LambdaOptions> = {}) {
  const lambda = await host(functions, options)
  const file = join(scratchDirectory(), 'calls')
  const api = await startLambdaApi({
    ...{ region: 'us-east-1', account: '000000000000' },
    guard: {
      credentials: id => (id === OWN.accessKeyId ? OWN : undefined),
      allows: (_, { action, resource }) =>
        action === 'lambda:InvokeFunction' && !resource.endsWith(`:${FORBIDDEN}`),
    },
    has: name => functions.some(each => each.name === name),
    invokeAsync: lambda.invokeAsync,
  })
  const client = new LambdaClient({
    endpoint: api.url,
    region: 'us-east-1',
    credentials: OWN,
    maxAttempts: 1,
  })
  onTestFinished(async () => {
    client.destroy()
    await api.close()
  })
  const invoke = (TenantId?: string, change: Partial<InvokeCommandInput> & { event?: object } = {}) => {
    const { event = {}, ...input } = change
    const Payload = JSON.stringify({ file, ...event })
    return client.send(
      new InvokeCommand({ FunctionName: 'note', InvocationType: 'Event', Payload, TenantId, ...input }),
    )
  }
  return { ...lambda, api, file, invoke, lines: () => linesOf(file) }
}

/** The tenants that each process has served. */
const tenantsByProcess = (lines: Line[]) =>
  [...Map.groupBy(lines, ({ pid }) => pid).values()].map(
    each => new Set(each.map(({ tenantId }) => tenantId)),
  )

test('two tenants never share a process, and each reuses its own', async () => {
  const { invoke, idle, lines, sandboxes } = await serve([isolated()])
  for (const tenant of ['gh/ada/web:qa', 'gh/ada/web:production', 'gh/ada/web:qa', 'gh/ada/web:production']) {
    await invoke(tenant)
    await idle()
  }
  const calls = lines().map(({ tenantId, calls }) => [tenantId, calls])
  expect(calls).toEqual([
    ['gh/ada/web:qa', 1],
    ['gh/ada/web:production', 1],
    ['gh/ada/web:qa', 2],
    ['gh/ada/web:production', 2],
  ])
  const [qa, production] = lines()
  expect(sandboxes('note')).toMatchObject([
    { tenantId: 'gh/ada/web:qa', pid: qa?.pid },
    { tenantId: 'gh/ada/web:production', pid: production?.pid },
  ])
})

test('tenants count together: the sandbox that has been idle longest makes room for another tenant', async () => {
  const { invoke, idle, sandboxes } = await serve([isolated({ concurrency: 2 })])
  for (const tenant of ['a', 'b', 'a', 'c']) {
    await invoke(tenant)
    await idle()
    expect(sandboxes('note').length).toBeLessThanOrEqual(2)
  }
  expect(sandboxes('note').map(({ tenantId }) => tenantId)).toEqual(['a', 'c'])
})

test.each([false, true])('a burst keeps tenants apart (sharesSandboxes: %s)', async sharesSandboxes => {
  const gate = join(scratchDirectory(), 'gate')
  const functions = [isolated({ concurrency: 2, sharesSandboxes })]
  // An event must not wait that long for a sandbox that ends.
  const { invoke, idle, lines, sandboxes } = await serve(functions, { busyMs: 600_000 })
  const tenants = ['a', 'b', 'c', 'a', 'c', 'b']
  for (const tenant of tenants) await invoke(tenant, { event: { gate } })
  await until(() => lines().length === 2)
  expect(sandboxes('note')).toHaveLength(2)
  writeFileSync(gate, '')
  await idle()
  expect(
    lines()
      .map(({ tenantId }) => tenantId)
      .sort(),
  ).toEqual(tenants.sort())
  for (const served of tenantsByProcess(lines())) expect(served.size).toBe(1)
  expect(sandboxes('note').length).toBeLessThanOrEqual(2)
})

test('an event that waits for a busy sandbox gets one of its tenant, and another one if that dies', async () => {
  const [gateOfA, gateOfB] = [join(scratchDirectory(), 'a'), join(scratchDirectory(), 'b')]
  const settings = { concurrency: 4, sharesSandboxes: true, maximumRetryAttempts: 0 }
  const { invoke, idle, lines, sandboxes, records } = await serve([isolated(settings)], { busyMs: 600_000 })
  await invoke('a', { event: { gate: gateOfA } })
  await invoke('b', { event: { gate: gateOfB } })
  await until(() => lines().length === 2)
  await invoke('a')
  await invoke('b')
  writeFileSync(gateOfB, '')
  await until(() => lines().length === 3)
  process.kill(sandboxes('note').find(({ tenantId }) => tenantId === 'a')?.pid ?? 0, 'SIGKILL')
  await idle()
  const [, , ...later] = lines().map(({ tenantId, calls }) => `${tenantId}${calls}`)
  expect(later).toEqual(['b2', 'a1'])
  expect(records).toHaveLength(1)
})

test('a tenant whose sandbox dies gets another one, and still its own', async () => {
  const { invoke, idle, lines, sandboxes } = await serve([isolated()])
  for (const tenant of ['a', 'b']) await invoke(tenant)
  await idle()
  process.kill(sandboxes('note').find(({ tenantId }) => tenantId === 'a')?.pid ?? 0, 'SIGKILL')
  for (const tenant of ['a', 'b']) await invoke(tenant)
  await idle()
  expect(
    lines()
      .map(({ tenantId, calls }) => `${tenantId}${calls}`)
      .sort(),
  ).toEqual(['a1', 'a1', 'b1', 'b2'])
  for (const served of tenantsByProcess(lines())) expect(served.size).toBe(1)
})

test.each<[string, string | undefined, Partial<InvokeCommandInput>, string, string]>([
  ['no tenant', undefined, {}, 'InvalidParameterValueException', NEEDS_TENANT],
  [
    'a tenant of a function without any',
    'a',
    { FunctionName: 'count' },
    'InvalidParameterValueException',
    TAKES_NONE,
  ],
  ['a character that no id may have', 'a,b', {}, 'ValidationException', "Value 'a,b' at 'tenantId'"],
  [
    'an id that is too long',
    'x'.repeat(257),
    {},
    'ValidationException',
    'Member must have 1 to 256 characters',
  ],
])('%s is refused', async (_, tenant, change, name, message) => {
  const { invoke, lines, sandboxes } = await serve([isolated(), define('counter.count')])
  await expect(invoke(tenant, change)).rejects.toMatchObject({
    name,
    message: expect.stringContaining(message),
    $metadata: { httpStatusCode: 400 },
  })
  expect([...lines(), ...sandboxes('note'), ...sandboxes('count')]).toEqual([])
})

test('every character that an id may have arrives, up to 256 of them', async () => {
  const { invoke, idle, lines } = await serve([isolated()])
  const longest = 'aZ09._:/=+-@ '.repeat(20).slice(0, 255).concat('x')
  await invoke(longest)
  await idle()
  expect(lines()).toMatchObject([{ tenantId: longest, calls: 1 }])
})

test('synchronous invocations have a tenant as well, which only the context shows', async () => {
  const lambda = await host([
    define('tenants.seesEnvironment', { isolatesTenants: true }),
    define('counter.count'),
  ])
  await expect(lambda.invoke('seesEnvironment', {})).rejects.toThrow(NEEDS_TENANT)
  await expect(lambda.invoke('count', {}, 'a')).rejects.toThrow(TAKES_NONE)
  const result = await lambda.invoke('seesEnvironment', {}, 'the-tenant')
  if (!result.ok) throw new Error(result.error.errorMessage)
  const { environment, tenantId } = result.payload as { environment: object; tenantId: string }
  expect(tenantId).toBe('the-tenant')
  expect(JSON.stringify(environment)).not.toContain('the-tenant')
  expect(await lambda.invoke('count', {})).not.toHaveProperty('payload.context.tenantId')
})

test('who may not invoke a function learns nothing about its tenants', async () => {
  const { invoke } = await serve([{ ...isolated(), name: FORBIDDEN }])
  for (const tenant of [undefined, 'a'])
    await expect(invoke(tenant, { FunctionName: FORBIDDEN })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
})

test('a retry is its tenant’s, and the failure record has the event itself', async () => {
  const { invoke, idle, lines, records, file } = await serve([isolated({ maximumRetryAttempts: 1 })])
  await invoke('b')
  await invoke('a', { event: { failures: 99 } })
  await idle()
  expect(
    lines()
      .map(({ tenantId }) => tenantId)
      .sort(),
  ).toEqual(['a', 'a', 'b'])
  for (const served of tenantsByProcess(lines())) expect(served.size).toBe(1)
  expect(records).toMatchObject([{ requestContext: { condition: 'RetriesExhausted' } }])
  expect(records[0]?.requestPayload).toEqual({ file, failures: 99 })
})

test('queued and interrupted events keep their tenants through a restart', async () => {
  const directory = scratchDirectory()
  const gate = join(directory, 'gate')
  const functions = [isolated({ concurrency: 1, maximumRetryAttempts: 1 })]
  const first = await serve(functions, { directory })
  for (const tenant of ['a', 'b', 'c']) await first.invoke(tenant, { event: { gate } })
  await until(() => first.lines().length === 1)
  await first.close()
  writeFileSync(gate, '')
  const second = await host(functions, { directory })
  await second.idle()
  expect(first.lines().map(({ tenantId, calls }) => `${tenantId}${calls}`)).toEqual(['a1', 'a1', 'b1', 'c1'])
  expect(second.records).toEqual([])
})

test('the queue of an earlier version, without tenants, is resumed', async () => {
  const directory = scratchDirectory()
  const database = new DatabaseSync(join(directory, 'lambda.sqlite'))
  database.exec(`CREATE TABLE events (
    requestId TEXT PRIMARY KEY, functionName TEXT NOT NULL, payload TEXT NOT NULL,
    acceptedAt INTEGER NOT NULL, dueAt INTEGER NOT NULL,
    invocations INTEGER NOT NULL, failures INTEGER NOT NULL, lastError TEXT
  ) STRICT`)
  const file = join(directory, 'calls')
  const now = Date.now()
  database
    .prepare("INSERT INTO events VALUES ('old', 'note', ?, ?, ?, 0, 0, NULL)")
    .run(JSON.stringify({ file }), now, now)
  database.close()
  const lambda = await host([define('tenants.note'), isolated({ name: 'isolated' })], { directory })
  await lambda.invokeAsync('isolated', { file }, 'a')
  await lambda.idle()
  expect(linesOf(file).map(({ tenantId = null }) => tenantId)).toEqual(expect.arrayContaining([null, 'a']))
  expect(linesOf(file)).toHaveLength(2)
})

test('a function that isolates tenants has no function URL, and no failure record as its event', async () => {
  const lambda = await host([isolated()])
  await expect(lambda.functionUrl('note')).rejects.toThrow('note isolates tenants')
  const functions = [isolated(), define('counter.count', { onFailure: 'note' })]
  await expect(host(functions)).rejects.toThrow('The failure destination of count is note, which isolates')
})

test('lambci’s own adapter invokes a function for a tenant', async () => {
  const { api, idle, file, lines, arn } = await serve([isolated()])
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', api.url)
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', OWN.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', OWN.secretAccessKey)
  vi.stubEnv('AWS_SESSION_TOKEN', '')
  onTestFinished(() => void vi.unstubAllEnvs())
  const invoke = openFunctions()
  await invoke(arn('note'), { file }, 'a')
  await expect(invoke(arn('note'), { file })).rejects.toMatchObject({
    name: 'InvalidParameterValueException',
  })
  await idle()
  expect(lines()).toMatchObject([{ tenantId: 'a' }])
})

test('where tenants are mixed, one process serves all of them, and each event still names its own', async () => {
  const { invoke, idle, lines } = await serve([isolated({ mixesTenants: true })])
  for (const tenant of ['gh/ada/web:qa', 'gh/ada/web:production']) {
    await invoke(tenant)
    await idle()
  }
  expect(tenantsByProcess(lines())).toEqual([new Set(['gh/ada/web:qa', 'gh/ada/web:production'])])
  await expect(invoke()).rejects.toThrow(NEEDS_TENANT)
})
