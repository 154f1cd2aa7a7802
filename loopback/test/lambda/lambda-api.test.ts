import { InvokeCommand, type InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startLambdaApi } from '../../lambda/lambda-api.ts'

const OWN = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-of-the-tests' }
const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:'

let api: Awaited<ReturnType<typeof startLambdaApi>>
let client: LambdaClient
let events: [string, unknown][] = []
beforeAll(async () => {
  api = await startLambdaApi({
    ...{ region: 'us-east-1', account: '000000000000' },
    guard: {
      credentials: id => (id === OWN.accessKeyId ? OWN : undefined),
      allows: (_, { action, resource }) =>
        action === 'lambda:InvokeFunction' && resource !== `${ARN}forbidden`,
    },
    has: name => name !== 'missing',
    invokeAsync: async (name, event) => void events.push([name, event]),
  })
  client = clientWith(OWN)
})
beforeEach(() => {
  events = []
})
afterAll(async () => {
  client.destroy()
  await api.close()
})

const clientWith = (credentials: typeof OWN) =>
  new LambdaClient({ endpoint: api.url, region: 'us-east-1', credentials, maxAttempts: 1 })
const invoke = (change: Partial<InvokeCommandInput> = {}, by = client) =>
  by.send(
    new InvokeCommand({ FunctionName: 'report', InvocationType: 'Event', Payload: '{"a":"ä"}', ...change }),
  )

test.each([
  ['a name', 'report'],
  ['an ARN', `${ARN}report`],
])('an event is accepted for a function given by %s', async (_, FunctionName) => {
  expect((await invoke({ FunctionName })).StatusCode).toBe(202)
  expect(events).toEqual([['report', { a: 'ä' }]])
})

test.each<[string, Partial<InvokeCommandInput>, string]>([
  ['a function that is missing', { FunctionName: 'missing' }, 'ResourceNotFoundException'],
  ['a function that the caller may not invoke', { FunctionName: 'forbidden' }, 'AccessDeniedException'],
  ['an event that is not JSON', { Payload: '{' }, 'InvalidRequestContentException'],
  ['an event above one megabyte', { Payload: `"${'x'.repeat(1024 * 1024)}"` }, 'RequestTooLargeException'],
  ['an invocation whose result is waited for', { InvocationType: 'RequestResponse' }, 'NotImplemented'],
  ['a version', { Qualifier: '1' }, 'NotImplemented'],
])('%s is refused', async (_, change, name) => {
  await expect(invoke(change)).rejects.toMatchObject({ name })
  expect(events).toEqual([])
})

test('a wrong signature is refused', async () => {
  const other = clientWith({ ...OWN, secretAccessKey: 'guessed' })
  await expect(invoke({}, other)).rejects.toMatchObject({ name: 'InvalidSignatureException' })
  other.destroy()
  expect(events).toEqual([])
})
