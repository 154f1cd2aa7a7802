import { GetObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { listen } from '../loopback.ts'
import { clientFor, startServer } from './s3/fixture.ts'

const TIME = 'Sat, 01 Jan 2050 12:00:00 GMT'
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: new Date(TIME) }))
afterEach(() => void vi.useRealTimers())

test('a server says what time it is on a clock that tests have moved', async () => {
  const server = await listen((_, response) => void response.end())
  onTestFinished(() => server.close())
  expect((await fetch(server.url)).headers.get('date')).toBe(TIME)
})

// While the clocks seem to differ, the SDK repeats every failure, until no retries are left for those that need them.
test('on a clock that tests have moved, the SDK asks once for a missing object', async () => {
  const { url } = await startServer({ buckets: ['ours'] })
  const client = clientFor(url, { maxAttempts: 3 })
  onTestFinished(() => client.destroy())
  const get = client.send(new GetObjectCommand({ Bucket: 'ours', Key: 'missing' }))
  await expect(get).rejects.toMatchObject({ name: 'NoSuchKey', $metadata: { attempts: 1 } })
})
