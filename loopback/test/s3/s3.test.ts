import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { UserError } from '../../../src/model/user-error.ts'
import type { AccessRequest } from '../../iam/access.ts'
import { openCatalogue } from '../../s3/catalogue.ts'
import type { S3Event } from '../../s3/notification.ts'
import { startS3 } from '../../s3/server.ts'
import { sha256, sign, stringToSign } from '../../sigv4/signature.ts'
import {
  clientFor,
  credentials,
  faultOf,
  lookUp,
  sendRaw,
  startServer,
  temporaryDirectory,
} from './fixture.ts'

// The guarantees of our own server only. The contract of S3 is in s3-contract.test.ts.
const Bucket = 'ours'
/** Stored as a file, not in the catalogue. */
const LARGE = 'a'.repeat(70_000)

async function startWithBucket(options: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer(options)
  await server.client.send(new CreateBucketCommand({ Bucket }))
  return server
}

const put = (client: S3Client, Key: string, Body: string | Uint8Array = 'x') =>
  client.send(new PutObjectCommand({ Bucket, Key, Body }))
const textOf = async (client: S3Client, Key: string) =>
  (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()
const keysOf = async (client: S3Client) =>
  (await client.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key) ?? []

/** The number of objects and parts whose bytes are in the catalogue of a closed server. */
function countContents(directory: string): number {
  const database = openCatalogue(directory)
  const { count } = database.prepare('SELECT count(*) AS count FROM contents').get() ?? {}
  database.close()
  return Number(count)
}

/** Makes the directory of a closed server one of the versions that kept every object in a file. */
function moveContentsToFiles(directory: string): void {
  const database = openCatalogue(directory)
  for (const { key, record } of database.prepare('SELECT key, record FROM objects').all()) {
    const { blobs, ...object } = JSON.parse(String(record)) as { blobs: [{ id: number; size: number }] }
    const [{ id, size }] = blobs
    const file = randomUUID()
    const bytes = database.prepare('SELECT bytes FROM contents WHERE id = ?').get(id)?.bytes
    writeFileSync(join(directory, 'blobs', file), bytes as Uint8Array)
    const moved = JSON.stringify({ ...object, blobs: [{ file, size }] })
    database.prepare('UPDATE objects SET record = ? WHERE key = ?').run(moved, String(key))
  }
  database.exec('DROP TABLE contents')
  database.close()
}

type Signed = {
  headers: Record<string, string>
  query?: Record<string, string>
  path: string
  body?: unknown
}

/** Changes the client's requests after they have been signed. */
function tamper(client: S3Client, change: (request: Signed) => Partial<Signed>): void {
  client.middlewareStack.add(
    next => args => {
      const request = args.request as Signed
      Object.assign(request, change(request))
      return next(args)
    },
    { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
  )
}

describe('the caller', () => {
  it.each([
    ['a path', () => ({ path: '/ours/other' })],
    ['a header', ({ headers }: Signed) => ({ headers: { ...headers, 'x-amz-meta-a': 'changed' } })],
    ['the query', () => ({ query: { acl: '' } })],
    [
      'the signature',
      ({ headers }: Signed) => ({
        headers: { ...headers, authorization: `${headers.authorization?.slice(0, -4)}0000` },
      }),
    ],
  ])('must have signed %s', async (_, change) => {
    const { url, client } = await startWithBucket()
    const forger = clientFor(url)
    tamper(forger, change)
    const forged = forger.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Metadata: { a: 'b' } }))
    expect(await faultOf(forged)).toEqual({ name: 'SignatureDoesNotMatch', status: 403 })
    expect(await keysOf(client)).toEqual([])
  })

  it('must have signed all x-amz- headers', async () => {
    const { url } = await startWithBucket()
    const forger = clientFor(url)
    tamper(forger, ({ headers }) => ({ headers: { ...headers, 'x-amz-acl': 'private' } }))
    expect(await faultOf(put(forger, 'k'))).toEqual({ name: 'AccessDenied', status: 403 })
  })

  it('must have a known key, the right secret and the right time', async () => {
    const { url } = await startWithBucket()
    const faultWith = (options: Parameters<typeof clientFor>[1]) => faultOf(put(clientFor(url, options), 'k'))
    const unknownKey = { ...credentials, accessKeyId: 'AKIDSTRANGER' }
    expect(await faultWith({ credentials: unknownKey })).toEqual({ name: 'InvalidAccessKeyId', status: 403 })
    const guessed = { ...credentials, secretAccessKey: 'guessed' }
    expect(await faultWith({ credentials: guessed })).toEqual({ name: 'SignatureDoesNotMatch', status: 403 })
    const late = { name: 'RequestTimeTooSkewed', status: 403 }
    expect(await faultWith({ systemClockOffset: 16 * 60_000 })).toEqual(late)
    expect(await faultWith({ systemClockOffset: -16 * 60_000 })).toEqual(late)
    await put(clientFor(url, { systemClockOffset: 14 * 60_000 }), 'k')
    expect(await faultWith({ region: 'eu-west-1' })).toMatchObject({ name: 'AuthorizationHeaderMalformed' })
    expect((await fetch(`${url}/${Bucket}/k`)).status).toBe(403)
  })

  it('with temporary credentials needs their token, until they expire', async () => {
    const temporary = { accessKeyId: 'ASIA1', secretAccessKey: 's', sessionToken: 'token' }
    let expiration = new Date(Date.now() + 60_000)
    const { url } = await startWithBucket({
      credentials: id => (id === 'ASIA1' ? { ...temporary, expiration } : lookUp(id)),
    })
    await put(clientFor(url, { credentials: temporary }), 'k')
    const link = await getSignedUrl(
      clientFor(url, { credentials: temporary }),
      new GetObjectCommand({ Bucket, Key: 'k' }),
    )
    expect((await fetch(link)).status).toBe(200)
    const wrong = { ...temporary, sessionToken: 'other' }
    expect(await faultOf(put(clientFor(url, { credentials: wrong }), 'k'))).toMatchObject({
      name: 'InvalidToken',
    })
    const surplus = { ...credentials, sessionToken: 'token' }
    expect(await faultOf(put(clientFor(url, { credentials: surplus }), 'k'))).toMatchObject({
      name: 'InvalidToken',
    })
    expiration = new Date(Date.now() - 1)
    expect(await faultOf(put(clientFor(url, { credentials: temporary }), 'k'))).toMatchObject({
      name: 'ExpiredToken',
    })
    // A URL expires with its credentials.
    expect((await fetch(link)).status).toBe(400)
  })

  it('may do what the policy allows', async () => {
    const requested: AccessRequest[] = []
    const denied = new Set(['s3:ListBucket', 's3:DeleteObject'])
    let strict = false
    const { client } = await startWithBucket({
      allows: (accessKeyId, permission) => {
        if (strict) requested.push(permission)
        return accessKeyId === credentials.accessKeyId && !(strict && denied.has(permission.action))
      },
    })
    await put(client, 'k')
    strict = true
    const denial = { name: 'AccessDenied', status: 403 }
    expect(await textOf(client, 'k')).toBe('x')
    expect(await faultOf(client.send(new ListObjectsV2Command({ Bucket, Prefix: 'p/' })))).toEqual(denial)
    expect(await faultOf(client.send(new DeleteObjectCommand({ Bucket, Key: 'k' })))).toEqual(denial)
    // Without the right to list the bucket, a missing object gives a 403.
    expect(await faultOf(textOf(client, 'absent'))).toEqual(denial)
    const Delete = { Objects: [{ Key: 'k' }] }
    const { Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }))
    expect(Errors).toMatchObject([{ Key: 'k', Code: 'AccessDenied' }])
    expect(requested.slice(0, 2)).toEqual([
      { action: 's3:GetObject', resource: 'arn:aws:s3:::ours/k', context: { 'aws:SecureTransport': 'true' } },
      {
        action: 's3:ListBucket',
        resource: 'arn:aws:s3:::ours',
        context: { 'aws:SecureTransport': 'true', 's3:prefix': 'p/' },
      },
    ])
    strict = false
    expect(await keysOf(client)).toEqual(['k'])
    strict = true
    denied.add('s3:GetObject')
    const copy = new CopyObjectCommand({ Bucket, Key: 'mine', CopySource: `${Bucket}/k` })
    expect(await faultOf(client.send(copy))).toEqual(denial)
    const guess = new PutObjectCommand({ Bucket, Key: 'k', Body: 'y', IfMatch: '"guess"' })
    expect(await faultOf(client.send(guess))).toEqual(denial)
  })
})

describe('a presigned URL', () => {
  it('expires, and cannot be changed or used too early', async () => {
    const { url, client } = await startWithBucket()
    await put(client, 'k')
    const command = new GetObjectCommand({ Bucket, Key: 'k' })
    const presign = (ago: number) =>
      getSignedUrl(client, command, { expiresIn: 60, signingDate: new Date(Date.now() - ago * 1000) })
    const statusOf = async (link: string, init?: RequestInit) => (await fetch(link, init)).status
    expect(await statusOf(await presign(50))).toBe(200)
    expect(await statusOf(await presign(61))).toBe(403)
    expect(await statusOf(await presign(-1000))).toBe(403)
    const link = await presign(0)
    expect(await statusOf(link.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))).toBe(403)
    expect(await statusOf(link.replace('/ours/k', '/ours/l'))).toBe(403)
    expect(await statusOf(`${link}&response-content-type=text%2Fhtml`)).toBe(403)
    expect(await statusOf(link, { method: 'DELETE' })).toBe(403)
    expect(await statusOf(link.replace('X-Amz-Expires=60', 'X-Amz-Expires=never'))).toBe(400)
    expect(await textOf(clientFor(url), 'k')).toBe('x')
  })
})

describe('a body', () => {
  const rejection = async (change: () => Partial<Signed>, input: { ContentMD5?: string } = {}) => {
    const { url, client, directory } = await startWithBucket()
    const forger = clientFor(url)
    tamper(forger, change)
    const fault = await faultOf(
      forger.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'hello', ...input })),
    )
    expect(await keysOf(client)).toEqual([])
    expect(await readdir(join(directory, 'blobs'))).toEqual([])
    return fault
  }

  it('must match the signed hash', async () => {
    const fault = await rejection(() => ({ body: 'jello' }))
    expect(fault).toEqual({ name: 'XAmzContentSHA256Mismatch', status: 400 })
  })

  it('must match its Content-MD5', async () => {
    const md5OfOther = 'XrY7u+Ae7tCTyyK7j1rNww=='
    expect(await rejection(() => ({}), { ContentMD5: md5OfOther })).toEqual({
      name: 'BadDigest',
      status: 400,
    })
    expect(await rejection(() => ({}), { ContentMD5: 'not md5' })).toEqual({
      name: 'InvalidDigest',
      status: 400,
    })
  })

  it.each([
    ['crc32', 'AAAAAA==', 'BadDigest'],
    ['crc32', 'AAAA', 'InvalidRequest'],
    ['crc32c', 'AAAAAA==', 'BadDigest'],
    ['crc64nvme', 'AAAAAAAAAAA=', 'BadDigest'],
    ['sha1', Buffer.alloc(20).toString('base64'), 'BadDigest'],
    ['sha256', Buffer.alloc(32).toString('base64'), 'BadDigest'],
    ['xxhash64', 'AAAAAAAAAAA=', 'NotImplemented'],
  ])('must match its checksum: %s %s → %s', async (name, value, code) => {
    const { url, client } = await startWithBucket()
    const headers = { [`x-amz-checksum-${name}`]: value }
    const response = await sendRaw(`${url}/${Bucket}/k`, { method: 'PUT', headers, body: () => 'hello' })
    expect(response.code).toBe(code)
    expect(await keysOf(client)).toEqual([])
  })

  const chunk = (text: string, signature = '') => `${text.length.toString(16)}${signature}\r\n${text}\r\n`
  const trailing = { 'x-amz-decoded-content-length': '10', 'x-amz-trailer': 'x-amz-checksum-crc32' }
  const crc32 = 'x-amz-checksum-crc32:OYHAMQ==\r\n'

  it.each([
    ['valid', `${chunk('01234')}${chunk('56789')}0\r\nx-amz-checksum-crc32:poTHxg==\r\n\r\n`, undefined],
    ['with a wrong checksum', `${chunk('0123456789')}0\r\n${crc32}\r\n`, 'BadDigest'],
    ['without the checksum', `${chunk('0123456789')}0\r\n\r\n`, 'MalformedTrailerError'],
    ['with an unknown trailer', `${chunk('0123456789')}0\r\nx-other: 1\r\n\r\n`, 'MalformedTrailerError'],
    ['too short', `${chunk('01234')}0\r\n${crc32}\r\n`, 'IncompleteBody'],
    ['too long', `${chunk('0123456789a')}0\r\n${crc32}\r\n`, 'IncompleteBody'],
    ['cut off', chunk('0123456789'), 'IncompleteBody'],
    ['with a wrong chunk size', `5\r\n0123456789\r\n0\r\n${crc32}\r\n`, 'InvalidRequest'],
    ['without chunks', '0123456789', 'IncompleteBody'],
    ['followed by more', `${chunk('0123456789')}0\r\n${crc32}\r\nmore`, 'MalformedTrailerError'],
    ['with an endless line', 'f'.repeat(20_000), 'InvalidRequest'],
  ])('in chunks is verified: %s', async (_, body, code) => {
    const { url, client } = await startWithBucket()
    const response = await sendRaw(`${url}/${Bucket}/k`, {
      method: 'PUT',
      headers: trailing,
      payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      body: () => body,
    })
    expect(response).toMatchObject({ status: code ? 400 : 200, code })
    if (code) expect(await keysOf(client)).toEqual([])
    else expect(await textOf(client, 'k')).toBe('0123456789')
  })

  it.each([
    ['right', (signature: string) => signature, 200],
    ['wrong', () => '0'.repeat(64), 403],
  ])('in chunks is verified: a trailer with the %s signature', async (_, alter, status) => {
    const { url } = await startWithBucket()
    const response = await sendRaw(`${url}/${Bucket}/k`, {
      method: 'PUT',
      headers: trailing,
      payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      body: ({ key, scope, signature }) => {
        const signChunk = (kind: string, lines: string[]) =>
          sign(key, stringToSign(scope, lines, `AWS4-HMAC-SHA256-${kind}`))
        const first = signChunk('PAYLOAD', [signature, sha256(''), sha256('0123456789')])
        const end = signChunk('PAYLOAD', [first, sha256(''), sha256('')])
        const trailer = 'x-amz-checksum-crc32:poTHxg=='
        const last = signChunk('TRAILER', [end, sha256(`${trailer}\n`)])
        const chunks = `${chunk('0123456789', `;chunk-signature=${first}`)}0;chunk-signature=${end}\r\n`
        return `${chunks}${trailer}\r\nx-amz-trailer-signature:${alter(last)}\r\n\r\n`
      },
    })
    expect(response.status).toBe(status)
  })

  it('that breaks off leaves no files', async () => {
    const { url, client, directory } = await startWithBucket()
    const link = new URL(await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'k' })))
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(
      `PUT ${link.pathname}${link.search} HTTP/1.1\r\nHost: ${link.host}\r\nContent-Length: 200000\r\n\r\n${LARGE}`,
    )
    await vi.waitFor(async () => expect(await readdir(join(directory, 'blobs'))).toHaveLength(1))
    socket.destroy()
    await vi.waitFor(async () => expect(await readdir(join(directory, 'blobs'))).toEqual([]))
    expect(await keysOf(client)).toEqual([])
  })
})

describe('invalid requests', () => {
  it.each([
    ['POST', '/ours?delete', '<Delete><Object><Key>k</Key></Object>', 'MalformedXML'],
    ['POST', '/ours?delete', '<!DOCTYPE x [<!ENTITY y "z">]><Delete/>', 'MalformedXML'],
    ['POST', '/ours?delete', '<Delete></Delete>', 'MalformedXML'],
    ['POST', '/ours?delete', 'nonsense', 'MalformedXML'],
    ['POST', '/ours?delete', 'x'.repeat(5 * 1024 * 1024), 'EntityTooLarge'],
    ['POST', '/ours/k?uploadId=nope', '<CompleteMultipartUpload/>', 'MalformedXML'],
    ['PUT', '/ours/k?uploadId=nope&partNumber=0', '', 'InvalidArgument'],
    ['PUT', '/ours/k?uploadId=nope&partNumber=1', '', 'NoSuchUpload'],
    ['GET', '/ours?list-type=2&max-keys=many', '', 'InvalidArgument'],
    ['GET', '/ours?list-type=2&continuation-token=%21', '', 'InvalidArgument'],
    ['GET', '/ours?list-type=3', '', 'NotImplemented'],
    ['GET', '/ours/k?tagging', '', 'NotImplemented'],
    ['PATCH', '/ours/k', '', 'NotImplemented'],
  ])('%s %s has its error code', async (method, path, text, code) => {
    const { url } = await startWithBucket()
    const headers = { 'content-md5': createHash('md5').update(text).digest('base64') }
    const response = await sendRaw(`${url}${path}`, { method, headers, ...(text && { body: () => text }) })
    expect(response.code).toBe(code)
  })

  it('get a response and do not stop the server', async () => {
    const { url, client } = await startWithBucket()
    const port = Number(new URL(url).port)
    for (const line of [
      'GET /%ff HTTP/1.1',
      'GET * HTTP/1.1',
      'OPTIONS * HTTP/1.1',
      'nonsense',
      'GET http://x/ HTTP/1.1',
    ]) {
      const socket = connect(port, '127.0.0.1')
      socket.end(`${line}\r\nHost: x\r\nConnection: close\r\n\r\n`)
      const [response] = await once(socket, 'data')
      expect(String(response)).toMatch(/^HTTP\/1.1 40[03] /)
      socket.destroy()
    }
    await put(client, 'k')
  })

  it('get their response in order when pipelined', async () => {
    const { client } = await startWithBucket()
    await put(client, 'k', 'x'.repeat(3_000_000))
    const { host, port, pathname, search } = new URL(
      await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'k' })),
    )
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    socket.write(`GET /%ff HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    let responses = ''
    for await (const bytes of socket) responses += bytes
    expect(responses.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
    expect(responses).toContain('<Code>InvalidURI</Code>')
  })

  it('get an error that names the missing operation', async () => {
    const { client } = await startWithBucket()
    const versioning = client.send(
      new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    )
    await expect(versioning).rejects.toThrow('does not implement PUT on a bucket ?versioning')
    const tagging = client.send(new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet: [] } }))
    expect(await faultOf(tagging)).toEqual({ name: 'NotImplemented', status: 501 })
    const acl = client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ACL: 'public-read' }))
    expect(await faultOf(acl)).toEqual({ name: 'NotImplemented', status: 501 })
  })
})

describe('notifications', () => {
  it('have the format of S3, and follow rules', async () => {
    const all: S3Event[] = []
    const chosen: S3Event[] = []
    const { client } = await startWithBucket({
      notifications: [
        { events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:Delete'], deliver: event => all.push(event) },
        {
          events: ['s3:ObjectCreated:Put'],
          prefix: 'gh/',
          suffix: '.json',
          deliver: event => chosen.push(event),
        },
      ],
    })
    const Key = 'gh/a b+ü/(run).json'
    const { ETag = '' } = await put(client, Key, 'hello')
    await put(client, 'gh/log.txt')
    await put(client, 'other.json')
    await client.send(
      new CopyObjectCommand({ Bucket, Key: 'gh/copy.json', CopySource: `${Bucket}/other.json` }),
    )
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'gh/big.json' }))
    const target = { Bucket, Key: 'gh/big.json', UploadId }
    const part = await client.send(new UploadPartCommand({ ...target, PartNumber: 1, Body: 'x' }))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] }
    await client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload }))
    await client.send(new DeleteObjectCommand({ Bucket, Key }))
    await client.send(new DeleteObjectCommand({ Bucket, Key }))
    await vi.waitFor(() => expect(all).toHaveLength(6))
    const records = all.flatMap(({ Records }) => Records)
    const encoded = 'gh/a+b%2B%C3%BC/%28run%29.json'
    expect(records.map(({ eventName, s3 }) => [eventName, s3.object.key])).toEqual([
      ['ObjectCreated:Put', encoded],
      ['ObjectCreated:Put', 'gh/log.txt'],
      ['ObjectCreated:Put', 'other.json'],
      ['ObjectCreated:Copy', 'gh/copy.json'],
      ['ObjectCreated:CompleteMultipartUpload', 'gh/big.json'],
      ['ObjectRemoved:Delete', encoded],
    ])
    expect(chosen.flatMap(({ Records }) => Records.map(({ s3 }) => s3.object.key))).toEqual([encoded])
    expect(records[0]).toMatchObject({
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: 'us-east-1',
      s3: {
        s3SchemaVersion: '1.0',
        bucket: { name: Bucket, arn: 'arn:aws:s3:::ours' },
        object: { size: 5, eTag: ETag.replaceAll('"', '') },
      },
    })
    expect(new Date(records[0]?.eventTime ?? '').toISOString()).toBe(records[0]?.eventTime)
    expect(Object.keys(records.at(-1)?.s3.object ?? {})).toEqual(['key', 'sequencer'])
    const sequence = records.map(({ s3 }) => s3.object.sequencer)
    expect(sequence.toSorted()).toEqual(sequence)
    expect(new Set(sequence).size).toBe(6)
  })

  it('are not sent for rejected writes', async () => {
    const events: S3Event[] = []
    const { client } = await startWithBucket({
      notifications: [{ events: ['s3:ObjectCreated:*'], deliver: event => events.push(event) }],
    })
    await put(client, 'first')
    await faultOf(client.send(new PutObjectCommand({ Bucket, Key: 'first', Body: 'x', IfNoneMatch: '*' })))
    await put(client, 'last')
    await vi.waitFor(() => expect(events.at(-1)?.Records[0]?.s3.object.key).toBe('last'))
    expect(events).toHaveLength(2)
  })
})

describe('the directory', () => {
  it('keeps objects and unfinished uploads across a restart, and nothing else', async () => {
    const directory = await temporaryDirectory()
    const first = await startS3({ directory, credentials: lookUp })
    const before = clientFor(first.url)
    await before.send(new CreateBucketCommand({ Bucket }))
    await put(before, '../../etc/passwd', 'just a key')
    for (const body of ['one', 'two', `${LARGE}1`, `${LARGE}2`, 'three']) await put(before, 'often', body)
    await put(before, 'large', LARGE)
    const { UploadId } = await before.send(new CreateMultipartUploadCommand({ Bucket, Key: 'multi' }))
    const target = { Bucket, Key: 'multi', UploadId }
    const part = await before.send(new UploadPartCommand({ ...target, PartNumber: 1, Body: 'part' }))
    await first.close()
    expect(countContents(directory)).toBe(3)
    await writeFile(join(directory, 'blobs', 'left-by-a-dead-server'), 'x')

    const { client } = await startServer({ directory })
    expect(await readdir(join(directory, 'blobs'))).toHaveLength(1)
    expect(await textOf(client, '../../etc/passwd')).toBe('just a key')
    expect(await textOf(client, 'often')).toBe('three')
    expect(await textOf(client, 'large')).toBe(LARGE)
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] }
    await client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload }))
    expect(await textOf(client, 'multi')).toBe('part')
  })

  it('of a version that kept small objects in files is read on', async () => {
    const directory = await temporaryDirectory()
    const first = await startS3({ directory, credentials: lookUp, buckets: [Bucket] })
    const before = clientFor(first.url)
    for (const key of ['read', 'replaced', 'removed']) await put(before, key, `${key} content`)
    await first.close()
    moveContentsToFiles(directory)

    const { client } = await startServer({ directory })
    await put(client, 'replaced', 'new')
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'removed' }))
    expect(await Promise.all(['read', 'replaced'].map(key => textOf(client, key)))).toEqual([
      'read content',
      'new',
    ])
    expect(await readdir(join(directory, 'blobs'))).toHaveLength(1)
  })

  it('has no parts of uploads in a deleted bucket', async () => {
    const directory = await temporaryDirectory()
    const server = await startS3({ directory, credentials: lookUp, buckets: [Bucket] })
    const client = clientFor(server.url)
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'multi' }))
    for (const Body of ['x', LARGE])
      await client.send(new UploadPartCommand({ Bucket, Key: 'multi', UploadId, PartNumber: 1, Body }))
    await client.send(new UploadPartCommand({ Bucket, Key: 'multi', UploadId, PartNumber: 2, Body: 'x' }))
    await client.send(new DeleteBucketCommand({ Bucket }))
    await server.close()
    expect(await readdir(join(directory, 'blobs'))).toEqual([])
    expect(countContents(directory)).toBe(0)
  })

  it('has nothing of what was replaced, removed, aborted or left out', async () => {
    const directory = await temporaryDirectory()
    const server = await startS3({ directory, credentials: lookUp, buckets: [Bucket] })
    const client = clientFor(server.url)
    const begin = async () => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }))
      const target = { Bucket, Key: 'k', UploadId }
      const etags: (string | undefined)[] = []
      for (const PartNumber of [1, 1, 2])
        etags.push((await client.send(new UploadPartCommand({ ...target, PartNumber, Body: 'part' }))).ETag)
      return { target, etag: etags[0] }
    }
    await put(client, 'k')
    await client.send(new AbortMultipartUploadCommand((await begin()).target))
    const { target, etag } = await begin()
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: etag }] }
    await client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload }))
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
    expect(
      await faultOf(client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', IfMatch: '"none"' }))),
    ).toEqual({
      name: 'NoSuchKey',
      status: 404,
    })
    await server.close()
    expect(countContents(directory)).toBe(0)
  })

  it('can be used by only one server', async () => {
    const { directory } = await startServer()
    await expect(startS3({ directory, credentials: lookUp })).rejects.toThrow(UserError)
  })

  it('keeps all acknowledged writes if the server is killed', async () => {
    const directory = await temporaryDirectory()
    const program = `
      const { startS3 } = await import(${JSON.stringify(new URL('../../s3/server.ts', import.meta.url))})
      const { url } = await startS3({ directory: ${JSON.stringify(directory)}, credentials: () => (${JSON.stringify(credentials)}) })
      console.log(url)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [url] = await once(child.stdout, 'data')
    const client = clientFor(String(url).trim())
    await client.send(new CreateBucketCommand({ Bucket }))
    // Large and small ones: in files and in the catalogue.
    const repeats = (key: number) => (key % 2 === 0 ? 20_000 : 100)
    const acknowledged = new Map<string, string>()
    const write = async (writer: number) => {
      for (let n = 0; ; n++) {
        const body = `${writer}/${n} `.repeat(repeats(n % 7))
        await put(client, `${writer}/${n % 7}`, body)
        acknowledged.set(`${writer}/${n % 7}`, body)
        if (acknowledged.size === 28 && n > 30) child.kill('SIGKILL')
      }
    }
    const writers = [0, 1, 2, 3].map(writer => write(writer))
    await Promise.all([once(child, 'exit'), ...writers.map(writer => faultOf(writer))])

    const revived = await startServer({ directory })
    for (const [key, body] of acknowledged) {
      const found = (await textOf(revived.client, key)) ?? ''
      // A write in progress may have been committed without a response.
      const [writer, n = ''] = (found.split(' ', 1)[0] ?? '').split('/')
      expect(found).toBe(`${writer}/${n} `.repeat(repeats(Number(n) % 7)))
      expect(Number(n)).toBeGreaterThanOrEqual(Number(/\/(\d+) /.exec(body)?.[1]))
    }
    const large = (await keysOf(revived.client)).filter(key => repeats(Number(key?.split('/')[1])) === 20_000)
    expect(await readdir(join(directory, 'blobs'))).toHaveLength(large.length)
  })

  it('keeps a replaced object until its readers have finished', async () => {
    const { client, directory } = await startWithBucket()
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'a')
    await put(client, 'k', bytes)
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'k' }))
    await put(client, 'k', 'b')
    expect(await readdir(join(directory, 'blobs'))).toHaveLength(1)
    expect((await Body?.transformToByteArray())?.length).toBe(bytes.length)
    await vi.waitFor(async () => expect(await readdir(join(directory, 'blobs'))).toEqual([]))
  })
})
