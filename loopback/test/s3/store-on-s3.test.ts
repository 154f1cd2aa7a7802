import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { expect, it } from 'vitest'
import { openStore } from '../../../src/aws/bucket.ts'
import type { ConditionalWrite } from '../../../src/records/store.ts'
import { credentials, startServer } from './fixture.ts'

const etagOf = (write: ConditionalWrite) => (write.isWritten ? write.etag : '')

it('works as the backend of the store', async () => {
  const { url, client } = await startServer()
  await client.send(new CreateBucketCommand({ Bucket: 'store' }))
  const store = openStore('store', { credentials, endpoint: url, region: 'us-east-1' })

  expect(await store.get('a')).toBeNull()
  const etag = await store.put('a', 'hello', 'text/plain')
  expect(await store.get('a')).toEqual({ body: Buffer.from('hello'), etag, size: 5 })
  expect(Buffer.from((await store.getRange('a', 1, 3)) ?? []).toString()).toBe('ell')
  expect(await store.getRange('a', 5, 3)).toBeNull()

  const first = etagOf(await store.putIf('b', '1', { ifNoneMatch: '*' }))
  expect(await store.putIf('b', '2', { ifNoneMatch: '*' })).toEqual({ isWritten: false })
  expect(etagOf(await store.putIf('b', '2', { ifMatch: first }))).toMatch(/^"/)
  expect(await store.putIf('b', '3', { ifMatch: first })).toEqual({ isWritten: false })
  expect(await store.putIf('gone', '3', { ifMatch: first })).toEqual({ isWritten: false })

  expect(await store.list('')).toEqual([
    { key: 'a', size: 5 },
    { key: 'b', size: 1 },
  ])
  expect(await store.list('', { startAfter: 'a', limit: 1 })).toEqual([{ key: 'b', size: 1 }])
  await store.remove('b')
  expect(await store.list('b')).toEqual([])

  const link = await fetch(await store.presign('a', 60, 'text/html'))
  expect([link.headers.get('content-type'), await link.text()]).toEqual(['text/html', 'hello'])

  const fiveMiB = new Uint8Array(5 * 1024 * 1024)
  await store.put('whole', fiveMiB, 'text/plain')
  const id = await store.multipart.start('log', 'text/plain')
  const parts = [
    await store.multipart.copy('log', id, 1, 'whole'),
    await store.multipart.upload('log', id, 2, Buffer.from('end')),
  ]
  await store.multipart.complete('log', id, parts)
  expect(await store.list('log')).toEqual([{ key: 'log', size: fiveMiB.length + 3 }])
})
