import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListPartsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientConfigFromEnv } from '../../../test/support/loopback-aws.ts'
import { startS3 } from '../../s3/server.ts'
import { clientFor, faultOf, lookUp } from './fixture.ts'

// The contract of S3. Runs against the server at LAMBCI_TEST_S3_ENDPOINT, with AWS_REGION, AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY, or against ours if that is not set.
const externalEndpoint = process.env.LAMBCI_TEST_S3_ENDPOINT
const Bucket = `contract-${randomUUID()}`
const MiB = 1024 * 1024
const nothing = Buffer.alloc(0)
let client: S3Client
let stop = async () => {}

beforeAll(async () => {
  if (externalEndpoint) {
    client = clientFor(externalEndpoint, clientConfigFromEnv())
  } else {
    const directory = await mkdtemp(join(tmpdir(), 'lambci-s3-'))
    const server = await startS3({ directory, credentials: lookUp })
    client = clientFor(server.url)
    stop = async () => {
      await server.close()
      await rm(directory, { recursive: true })
    }
  }
  await client.send(new CreateBucketCommand({ Bucket }))
})

afterAll(async () => {
  for (const key of await keysOf({})) await client.send(new DeleteObjectCommand({ Bucket, Key: key }))
  await client.send(new DeleteBucketCommand({ Bucket }))
  client.destroy()
  await stop()
})

const put = (Key: string, Body: string | Buffer | Readable, more: Partial<PutObjectCommandInput> = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = (Key: string, more = {}) => client.send(new GetObjectCommand({ Bucket, Key, ...more }))
const bytesOf = async (Key: string, more = {}) =>
  Buffer.from((await (await get(Key, more)).Body?.transformToByteArray()) ?? [])
const textOf = async (Key: string, more = {}) => (await bytesOf(Key, more)).toString()
const listing = (options: Partial<ListObjectsV2CommandInput>) =>
  client.send(new ListObjectsV2Command({ Bucket, ...options }))

/** All pages of a listing: keys, then common prefixes. */
async function keysOf(options: Partial<ListObjectsV2CommandInput>): Promise<string[]> {
  const found: string[] = []
  let token: string | undefined
  do {
    const page = await listing({ ...options, ContinuationToken: token })
    found.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''))
    found.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''))
    token = page.NextContinuationToken
  } while (token)
  return found
}

describe('buckets', () => {
  it('are created, found and listed, and deleted once empty', async () => {
    const name = `contract-${randomUUID()}`
    await client.send(new CreateBucketCommand({ Bucket: name }))
    expect((await client.send(new HeadBucketCommand({ Bucket: name }))).$metadata.httpStatusCode).toBe(200)
    const { Buckets } = await client.send(new ListBucketsCommand({}))
    expect(Buckets?.map(bucket => bucket.Name)).toContain(name)
    const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket: name }))
    expect(LocationConstraint).toBeUndefined()
    await client.send(new PutObjectCommand({ Bucket: name, Key: 'k', Body: nothing }))
    const full = await faultOf(client.send(new DeleteBucketCommand({ Bucket: name })))
    expect(full).toEqual({ name: 'BucketNotEmpty', status: 409 })
    await client.send(new DeleteObjectCommand({ Bucket: name, Key: 'k' }))
    await client.send(new DeleteBucketCommand({ Bucket: name }))
    expect((await faultOf(client.send(new HeadBucketCommand({ Bucket: name })))).status).toBe(404)
    const gone = await faultOf(client.send(new GetObjectCommand({ Bucket: name, Key: 'k' })))
    expect(gone).toEqual({ name: 'NoSuchBucket', status: 404 })
    const lost = await faultOf(client.send(new PutObjectCommand({ Bucket: name, Key: 'k', Body: 'x' })))
    expect(lost).toEqual({ name: 'NoSuchBucket', status: 404 })
  })

  it('must have valid names', async () => {
    const fault = await faultOf(client.send(new CreateBucketCommand({ Bucket: 'Not_A_Bucket' })))
    expect(fault).toEqual({ name: 'InvalidBucketName', status: 400 })
  })
})

describe('an object', () => {
  it('is returned as it was written, with its headers', async () => {
    const { ETag } = await put('plain', 'hello', {
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'no-store',
      ContentDisposition: 'inline',
      ContentLanguage: 'en',
      Metadata: { colour: 'red', 'two-words': 'a  b' },
    })
    const found = await get('plain')
    expect(ETag).toBe(`"${createHash('md5').update('hello').digest('hex')}"`)
    expect(await found.Body?.transformToString()).toBe('hello')
    expect(found).toMatchObject({
      ETag,
      ContentLength: 5,
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'no-store',
      ContentDisposition: 'inline',
      ContentLanguage: 'en',
      AcceptRanges: 'bytes',
      Metadata: { colour: 'red', 'two-words': 'a  b' },
    })
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'plain' }))
    expect(head).toMatchObject({ ETag, ContentLength: 5, Metadata: { colour: 'red' } })
    expect(head.LastModified).toEqual(found.LastModified)
    expect(await textOf('plain', { ResponseContentType: 'text/html' })).toBe('hello')
    const other = await get('plain', { ResponseContentType: 'text/html', ResponseCacheControl: 'max-age=1' })
    expect(other).toMatchObject({ ContentType: 'text/html', CacheControl: 'max-age=1' })
  })

  it('is returned as last written, immediately', async () => {
    for (const text of ['one', 'two', 'three']) {
      await put('again', text)
      expect(await textOf('again')).toBe(text)
    }
  })

  it('can be empty', async () => {
    await put('empty', nothing)
    expect(await bytesOf('empty')).toHaveLength(0)
  })

  it('keeps its own content encoding through a chunked upload', async () => {
    await put('encoded', Readable.from([Buffer.from('zipped')]), {
      ContentEncoding: 'gzip',
      ContentLength: 6,
    })
    expect((await get('encoded')).ContentEncoding).toBe('gzip')
  })

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'is streamed with a trailing %s',
    async name => {
      const bytes = randomBytes(3 * MiB + 17)
      const pieces = Array.from({ length: 40 }, (_, at) => bytes.subarray(at * 80_000, (at + 1) * 80_000))
      await put(`stream-${name}`, Readable.from(pieces), {
        ContentLength: bytes.length,
        ChecksumAlgorithm: name,
      })
      expect((await bytesOf(`stream-${name}`)).equals(bytes)).toBe(true)
      const head = await client.send(
        new HeadObjectCommand({ Bucket, Key: `stream-${name}`, ChecksumMode: 'ENABLED' }),
      )
      expect(head[`Checksum${name}`]).toMatch(/^[A-Za-z0-9+/]+=*$/)
    },
  )

  it.each([
    'a b+c&d=e?f#g%20h',
    'ünï/cödé/日本/🎈',
    'dots/../and/./more',
    '//slashes//',
    `quotes'"<>&amp;`,
    "(){}[]!*'~^`|\\",
  ])('can have the key %j', async key => {
    await put(key, key)
    expect(await textOf(key)).toBe(key)
    expect(await keysOf({ Prefix: key })).toEqual([key])
    await client.send(new DeleteObjectCommand({ Bucket, Key: key }))
    expect((await faultOf(get(key))).name).toBe('NoSuchKey')
  })

  it('has a key of at most 1,024 bytes', async () => {
    await put('ü'.repeat(512), 'long')
    expect(await textOf('ü'.repeat(512))).toBe('long')
    expect(await faultOf(put('ü'.repeat(513), nothing))).toEqual({ name: 'KeyTooLongError', status: 400 })
  })

  it('gives 404 if missing', async () => {
    expect(await faultOf(get('nowhere'))).toEqual({ name: 'NoSuchKey', status: 404 })
    const head = client.send(new HeadObjectCommand({ Bucket, Key: 'nowhere' }))
    expect(await faultOf(head)).toEqual({ name: 'NotFound', status: 404 })
    const { $metadata } = await client.send(new DeleteObjectCommand({ Bucket, Key: 'nowhere' }))
    expect($metadata.httpStatusCode).toBe(204)
  })
})

describe('a range', () => {
  it.each([
    ['bytes=2-4', 'cde', 'bytes 2-4/10'],
    ['bytes=7-', 'hij', 'bytes 7-9/10'],
    ['bytes=-2', 'ij', 'bytes 8-9/10'],
    ['bytes=-99', 'abcdefghij', 'bytes 0-9/10'],
    ['bytes=8-99', 'ij', 'bytes 8-9/10'],
  ])('%s returns these bytes', async (Range, text, contentRange) => {
    await put('ranged', 'abcdefghij')
    const found = await get('ranged', { Range })
    expect(await found.Body?.transformToString()).toBe(text)
    expect(found).toMatchObject({ ContentRange: contentRange, ContentLength: text.length })
    expect(found.$metadata.httpStatusCode).toBe(206)
  })

  it('outside of the object is rejected', async () => {
    await put('ranged', 'abcdefghij')
    expect(await faultOf(get('ranged', { Range: 'bytes=10-' }))).toEqual({
      name: 'InvalidRange',
      status: 416,
    })
  })

  it('in another unit returns the whole object', async () => {
    await put('ranged', 'abcdefghij')
    expect(await textOf('ranged', { Range: 'lines=1-2' })).toBe('abcdefghij')
  })
})

describe('conditions', () => {
  it('apply to reads', async () => {
    const { ETag = '' } = await put('read', 'x')
    const { LastModified = new Date() } = await get('read')
    const earlier = new Date(LastModified.getTime() - 10_000)
    expect(await textOf('read', { IfMatch: ETag })).toBe('x')
    expect((await faultOf(get('read', { IfNoneMatch: ETag }))).status).toBe(304)
    expect((await faultOf(get('read', { IfModifiedSince: LastModified }))).status).toBe(304)
    expect(await textOf('read', { IfModifiedSince: earlier })).toBe('x')
    const failed = { name: 'PreconditionFailed', status: 412 }
    expect(await faultOf(get('read', { IfMatch: '"other"' }))).toEqual(failed)
    expect(await faultOf(get('read', { IfUnmodifiedSince: earlier }))).toEqual(failed)
    // The entity tag takes precedence over the time.
    expect(await textOf('read', { IfMatch: ETag, IfUnmodifiedSince: earlier })).toBe('x')
    expect(await textOf('read', { IfNoneMatch: '"other"', IfModifiedSince: LastModified })).toBe('x')
  })

  it('apply to writes', async () => {
    const failed = { name: 'PreconditionFailed', status: 412 }
    const { ETag = '' } = await put('write', '1', { IfNoneMatch: '*' })
    expect(await faultOf(put('write', '2', { IfNoneMatch: '*' }))).toEqual(failed)
    expect(await faultOf(put('write', '2', { IfMatch: '"other"' }))).toEqual(failed)
    expect(await textOf('write')).toBe('1')
    await put('write', '2', { IfMatch: ETag })
    expect(await faultOf(put('write', '3', { IfMatch: ETag }))).toEqual(failed)
    expect(await textOf('write')).toBe('2')
    expect(await faultOf(put('absent', '1', { IfMatch: ETag }))).toEqual({ name: 'NoSuchKey', status: 404 })
  })

  it('apply to deletes', async () => {
    const { ETag } = await put('remove', '1')
    const remove = (IfMatch: string | undefined) =>
      client.send(new DeleteObjectCommand({ Bucket, Key: 'remove', IfMatch }))
    expect((await faultOf(remove('"other"'))).status).toBe(412)
    expect(await textOf('remove')).toBe('1')
    await remove(ETag)
    expect((await faultOf(get('remove'))).status).toBe(404)
  })

  it('let exactly one of fifty writers win', async () => {
    const tries = Array.from({ length: 50 }, (_, n) =>
      put('race', `writer ${n}`, { IfNoneMatch: '*' }).then(
        () => n,
        error => error.$metadata.httpStatusCode,
      ),
    )
    const results = await Promise.all(tries)
    const winners = results.filter((result, n) => result === n)
    expect(winners).toHaveLength(1)
    expect(
      results.filter((result, n) => result !== n).every(status => status === 412 || status === 409),
    ).toBe(true)
    expect(await textOf('race')).toBe(`writer ${winners[0]}`)
  })

  it('let exactly one of twenty writers replace a version', async () => {
    const { ETag } = await put('step', 'start')
    const tries = Array.from({ length: 20 }, (_, n) => put('step', `${n}`, { IfMatch: ETag }))
    const results = await Promise.allSettled(tries)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await textOf('step')).toBe(String(results.findIndex(({ status }) => status === 'fulfilled')))
  })
})

describe('deleting several objects', () => {
  it('returns a result for each', async () => {
    await Promise.all(['many/1', 'many/<&>', 'many/3'].map(key => put(key, 'x')))
    const remove = (keys: string[], Quiet = false) =>
      client.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map(Key => ({ Key })), Quiet } }),
      )
    const { Deleted, Errors } = await remove(['many/1', 'many/<&>', 'many/never'])
    expect(Deleted?.map(({ Key }) => Key).sort()).toEqual(['many/1', 'many/<&>', 'many/never'])
    expect(Errors ?? []).toEqual([])
    expect(await keysOf({ Prefix: 'many/' })).toEqual(['many/3'])
    expect((await remove(['many/3'], true)).Deleted ?? []).toEqual([])
    expect(await keysOf({ Prefix: 'many/' })).toEqual([])
  })
})

describe('copying', () => {
  const copy = (from: string, Key: string, more = {}) =>
    client.send(
      new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${encodeURIComponent(from)}`, ...more }),
    )

  it('copies the metadata or replaces it', async () => {
    const { ETag } = await put('from +ü', 'copied', { ContentType: 'text/x', Metadata: { a: '1' } })
    expect((await copy('from +ü', 'to')).CopyObjectResult?.ETag).toBe(ETag)
    expect(await get('to')).toMatchObject({ ContentType: 'text/x', Metadata: { a: '1' } })
    await copy('from +ü', 'to', { MetadataDirective: 'REPLACE', ContentType: 'text/y', Metadata: { b: '2' } })
    expect(await get('to')).toMatchObject({ ContentType: 'text/y', Metadata: { b: '2' } })
    expect(await textOf('to')).toBe('copied')
  })

  it('checks its conditions, and requires a source', async () => {
    const { ETag } = await put('source', 'x')
    expect((await faultOf(copy('source', 'target', { CopySourceIfMatch: '"other"' }))).status).toBe(412)
    expect((await faultOf(copy('source', 'target', { CopySourceIfNoneMatch: ETag }))).status).toBe(412)
    expect((await faultOf(copy('nowhere', 'target'))).name).toBe('NoSuchKey')
    expect((await faultOf(copy('source', 'source'))).name).toBe('InvalidRequest')
  })
})

describe('listing', () => {
  const keys = ['l/a', 'l/b/1', 'l/b/2', 'l/b/3/x', 'l/c', 'l/d/1', 'l/\uff5e', 'l/\u{10000}']
  beforeAll(() => Promise.all(keys.map(key => put(key, key))))

  it('is in byte order', async () => {
    expect(await keysOf({ Prefix: 'l/' })).toEqual(keys)
    const { Contents } = await listing({ Prefix: 'l/a' })
    expect(Contents?.[0]).toMatchObject({ Key: 'l/a', Size: 3 })
    expect(Contents?.[0]?.ETag).toBe(`"${createHash('md5').update('l/a').digest('hex')}"`)
  })

  it('groups keys with a delimiter into common prefixes', async () => {
    const page = await listing({ Prefix: 'l/', Delimiter: '/' })
    expect(page.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['l/b/', 'l/d/'])
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['l/a', 'l/c', 'l/\uff5e', 'l/\u{10000}'])
    expect(page).toMatchObject({ KeyCount: 6, IsTruncated: false, Delimiter: '/', Prefix: 'l/' })
  })

  it.each([1, 2, 3])('continues page by page, with %i keys each', async MaxKeys => {
    expect(await keysOf({ Prefix: 'l/', MaxKeys })).toEqual(keys)
    const rolled = await keysOf({ Prefix: 'l/', Delimiter: '/', MaxKeys })
    expect(rolled.sort()).toEqual(['l/a', 'l/b/', 'l/c', 'l/d/', 'l/\uff5e', 'l/\u{10000}'].sort())
  })

  it('starts after a key, whether it exists or not', async () => {
    expect(await keysOf({ Prefix: 'l/', StartAfter: 'l/b/2' })).toEqual(keys.slice(3))
    expect(await keysOf({ Prefix: 'l/', StartAfter: 'l/b/22' })).toEqual(keys.slice(3))
    expect(await keysOf({ Prefix: 'l/', StartAfter: 'zzz' })).toEqual([])
  })

  it('is empty if no key matches, or if no keys are requested', async () => {
    expect(await listing({ Prefix: 'nothing/' })).toMatchObject({ KeyCount: 0, IsTruncated: false })
    expect(await listing({ MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false })
  })

  it('encodes keys if requested', async () => {
    await put('enc/a b+ü', nothing)
    const { Contents, EncodingType } = await listing({ Prefix: 'enc/', EncodingType: 'url' })
    expect(EncodingType).toBe('url')
    const encoded = Contents?.[0]?.Key ?? ''
    expect(encoded).toMatch(/^[!-~]+$/)
    expect(decodeURIComponent(encoded.replaceAll('+', ' '))).toBe('enc/a b+ü')
  })

  it('rejects an invalid limit', async () => {
    const fault = await faultOf(listing({ MaxKeys: -1 }))
    expect(fault).toEqual({ name: 'InvalidArgument', status: 400 })
  })

  it('has an older version, ListObjects', async () => {
    const found: string[] = []
    let Marker: string | undefined
    do {
      const page = await client.send(
        new ListObjectsCommand({ Bucket, Prefix: 'l/', Delimiter: '/', MaxKeys: 2, Marker }),
      )
      found.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''))
      found.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''))
      Marker = page.NextMarker
    } while (Marker)
    expect(found.sort()).toEqual(['l/a', 'l/b/', 'l/c', 'l/d/', 'l/\uff5e', 'l/\u{10000}'].sort())
  })
})

describe('a multipart upload', () => {
  const big = randomBytes(5 * MiB)
  const create = async (Key: string, more = {}) =>
    (await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? ''
  const upload = async (Key: string, UploadId: string, PartNumber: number, Body: Uint8Array | string) => {
    const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
    return { PartNumber, ETag }
  }
  type Parts = { PartNumber: number; ETag: string | undefined }[]
  const complete = (Key: string, UploadId: string, Parts: Parts, more = {}) =>
    client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }),
    )
  const partsOf = (Key: string, UploadId: string) =>
    client.send(new ListPartsCommand({ Bucket, Key, UploadId }))

  it('joins its parts to one object, in the order of their numbers', async () => {
    const Key = 'multi/whole'
    const id = await create(Key, { ContentType: 'text/parts', Metadata: { m: 'x' } })
    const last = await upload(Key, id, 7, 'the end')
    await upload(Key, id, 2, 'replaced')
    const first = await upload(Key, id, 2, big)
    await upload(Key, id, 9, 'not selected')
    const { Parts = [] } = await partsOf(Key, id)
    expect(Parts.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [2, 5 * MiB],
      [7, 7],
      [9, 12],
    ])
    expect((await faultOf(get(Key))).status).toBe(404)
    const { ETag } = await complete(Key, id, [first, last])
    const md5 = (data: Uint8Array | string) => createHash('md5').update(data).digest()
    expect(ETag).toBe(`"${md5(Buffer.concat([md5(big), md5('the end')])).toString('hex')}-2"`)
    expect((await bytesOf(Key)).equals(Buffer.concat([big, Buffer.from('the end')]))).toBe(true)
    const across = Buffer.concat([big.subarray(-3), Buffer.from('the')])
    const Range = `bytes=${5 * MiB - 3}-${5 * MiB + 2}`
    expect((await bytesOf(Key, { Range })).equals(across)).toBe(true)
    expect(await get(Key)).toMatchObject({ ContentType: 'text/parts', Metadata: { m: 'x' }, ETag })
    expect((await faultOf(partsOf(Key, id))).name).toBe('NoSuchUpload')
  })

  it('lists its parts page by page', async () => {
    const Key = 'multi/listed'
    const UploadId = await create(Key)
    for (const number of [1, 2, 3]) await upload(Key, UploadId, number, `${number}`)
    const page = await client.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2 }))
    expect(page).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2' })
    const PartNumberMarker = page.NextPartNumberMarker
    const rest = await client.send(new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker }))
    expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([3])
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
  })

  it('copies parts from other objects', async () => {
    const Key = 'multi/copied'
    await put('multi/source', Buffer.concat([big, Buffer.from('tail')]))
    const UploadId = await create(Key)
    const copy = async (PartNumber: number, CopySourceRange?: string) => {
      const CopySource = `${Bucket}/multi/source`
      const command = { Bucket, Key, UploadId, PartNumber, CopySource, CopySourceRange }
      const { CopyPartResult } = await client.send(new UploadPartCopyCommand(command))
      return { PartNumber, ETag: CopyPartResult?.ETag }
    }
    const parts = [await copy(1), await copy(2, `bytes=${5 * MiB + 1}-${5 * MiB + 3}`)]
    expect((await faultOf(copy(3, `bytes=0-${6 * MiB}`))).status).toBe(400)
    await complete(Key, UploadId, parts)
    expect((await bytesOf(Key)).equals(Buffer.concat([big, Buffer.from('tailail')]))).toBe(true)
  })

  it('rejects parts that are too small, unknown or out of order, and can still be completed', async () => {
    const Key = 'multi/refused'
    const id = await create(Key)
    const small = await upload(Key, id, 1, 'small')
    const end = await upload(Key, id, 2, 'end')
    const rejection = async (parts: Parts) => faultOf(complete(Key, id, parts))
    expect(await rejection([small, end])).toEqual({ name: 'EntityTooSmall', status: 400 })
    expect(await rejection([end, small])).toEqual({ name: 'InvalidPartOrder', status: 400 })
    expect(await rejection([{ ...small, ETag: '"wrong"' }])).toEqual({ name: 'InvalidPart', status: 400 })
    expect(await rejection([small, { ...end, PartNumber: 3 }])).toMatchObject({ status: 400 })
    expect(await rejection([])).toMatchObject({ status: 400 })
    await complete(Key, id, [small])
    expect(await textOf(Key)).toBe('small')
  })

  it('completes only if its conditions hold', async () => {
    const Key = 'multi/conditional'
    const id = await create(Key)
    const part = await upload(Key, id, 1, 'new')
    const { ETag } = await put(Key, 'old')
    const failed = { name: 'PreconditionFailed', status: 412 }
    expect(await faultOf(complete(Key, id, [part], { IfNoneMatch: '*' }))).toEqual(failed)
    expect(await faultOf(complete(Key, id, [part], { IfMatch: '"other"' }))).toEqual(failed)
    expect(await textOf(Key)).toBe('old')
    await complete(Key, id, [part], { IfMatch: ETag })
    expect(await textOf(Key)).toBe('new')
  })

  it('can be aborted', async () => {
    const Key = 'multi/aborted'
    const UploadId = await create(Key)
    await upload(Key, UploadId, 1, 'x')
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
    const gone = { name: 'NoSuchUpload', status: 404 }
    expect(await faultOf(upload(Key, UploadId, 2, 'x'))).toEqual(gone)
    expect(await faultOf(client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })))).toEqual(
      gone,
    )
    expect(await faultOf(get(Key))).toMatchObject({ status: 404 })
  })

  it.each(['FULL_OBJECT', 'COMPOSITE'] as const)('has a checksum of type %s', async ChecksumType => {
    const Key = `multi/${ChecksumType}`
    const id = await create(Key, { ChecksumAlgorithm: 'CRC32C', ChecksumType })
    const parts = []
    for (const [index, Body] of [big, Buffer.from('end')].entries()) {
      const target = { Bucket, Key, UploadId: id, PartNumber: index + 1, Body }
      const { ETag, ChecksumCRC32C } = await client.send(
        new UploadPartCommand({ ...target, ChecksumAlgorithm: 'CRC32C' }),
      )
      parts.push({ PartNumber: index + 1, ETag, ChecksumCRC32C })
    }
    await complete(Key, id, parts, { ChecksumType })
    const { ChecksumCRC32C } = await client.send(
      new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }),
    )
    expect(ChecksumCRC32C).toMatch(
      ChecksumType === 'COMPOSITE' ? /^[A-Za-z0-9+/]{6}==-2$/ : /^[A-Za-z0-9+/]{6}==$/,
    )
    expect((await bytesOf(Key)).length).toBe(5 * MiB + 3)
  })
})

describe('a presigned URL', () => {
  it('reads, with the content type from its query', async () => {
    await put('linked ü+&', 'public text')
    const command = new GetObjectCommand({
      Bucket,
      Key: 'linked ü+&',
      ResponseContentType: 'text/plain; charset=utf-8',
    })
    const response = await fetch(await getSignedUrl(client, command, { expiresIn: 60 }))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toBe('public text')
  })

  it('writes, with metadata', async () => {
    const command = new PutObjectCommand({ Bucket, Key: 'uploaded', Metadata: { by: 'link' } })
    const url = await getSignedUrl(client, command, { expiresIn: 60 })
    const response = await fetch(url, { method: 'PUT', body: 'from outside' })
    expect(response.status).toBe(200)
    const found = await get('uploaded')
    expect(await found.Body?.transformToString()).toBe('from outside')
    expect(found.Metadata).toEqual({ by: 'link' })
  })
})
