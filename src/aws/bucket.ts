import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { ConditionalWrite, Entry, Multipart, Store } from '../records/store.ts'
import { clientDefaults } from './client-defaults.ts'

type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string }

/** By default, the SDK finds credentials and region in the environment. */
export type BucketAccess = {
  credentials?: Credentials
  endpoint?: string
  region?: string
  /** False without the right to list the bucket: S3 then denies access to a missing object. Default: true. */
  mayList?: boolean
}

const JSON_TYPE = 'application/json'
const LARGE_BYTES = 1024 * 1024
const CONFLICTS = 5
const CONFLICT_MS = 40
const statusOf = (error: unknown) =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode

type Sendable = { body?: unknown; headers: Record<string, string>; protocol: string; hostname: string }

/**
 * Hashing a large body for its signature takes as long as sending it. Its CRC, which the SDK adds, protects it against
 * mistakes, and TLS against everything else. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
function leaveUnsignedIfLarge({ body, headers, protocol, hostname }: Sendable): void {
  const isPrivate = protocol === 'https:' || hostname === '127.0.0.1'
  if (isPrivate && body instanceof Uint8Array && body.length >= LARGE_BYTES)
    headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
}

/** Opens a bucket. */
export function openStore(bucket: string, { mayList = true, ...access }: BucketAccess = {}): Store {
  const endpoint = access.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL
  // bucket.127.0.0.1 is not a host name: with another endpoint, the bucket goes into the path.
  const client = new S3Client({ ...clientDefaults, ...access, forcePathStyle: Boolean(endpoint) })
  // It formats each request and answer for a log, even without a logger.
  client.middlewareStack.remove('loggerMiddleware')
  client.middlewareStack.add(
    next => args => {
      leaveUnsignedIfLarge(args.request as Sendable)
      return next(args)
    },
    { step: 'build' },
  )
  return {
    ...objectStore(client, bucket, mayList),
    multipart: multipartStore(client, bucket),
    close: () => client.destroy(),
    presign: (key, seconds, contentType, fileName) => {
      const get = new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ResponseContentType: contentType,
        ...(fileName && { ResponseContentDisposition: `attachment; filename="${fileName}"` }),
      })
      return getSignedUrl(client, get, { expiresIn: seconds })
    },
  }
}

function objectStore(
  client: S3Client,
  bucket: string,
  mayList: boolean,
): Omit<Store, 'multipart' | 'presign' | 'close'> {
  // Any other refusal does not concern the object: a right is missing, a key is disabled, the clocks differ.
  const isMissing = (error: unknown) =>
    statusOf(error) === 404 || (!mayList && (error as Error).name === 'AccessDenied')
  const get = async (key: string, range?: string) => {
    try {
      const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range }))
      const body = await gather(answer.Body as Readable | undefined)
      return { body, etag: answer.ETag ?? '', size: answer.ContentLength ?? body.length }
    } catch (error) {
      if (isMissing(error) || (range && statusOf(error) === 416)) return null
      throw error
    }
  }
  return {
    get: key => get(key),
    getRange: async (key, from, length) =>
      (await get(key, `bytes=${from}-${from + length - 1}`))?.body ?? null,
    put: async (key, body, contentType) => {
      const put = new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: contentType })
      return (await client.send(put)).ETag ?? ''
    },
    putIf: async (key, body, condition) => {
      const rule = 'ifMatch' in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: '*' }
      const put = { Bucket: bucket, Key: key, Body: body, ContentType: JSON_TYPE, ...rule }
      // S3 answers If-Match on a missing object with 404: somebody else removed it.
      const isLost = (status?: number) => status === 412 || (status === 404 && 'ifMatch' in condition)
      return conditionally(() => client.send(new PutObjectCommand(put)), isLost)
    },
    copy: async (fromKey, toKey, contentType) => {
      const type = contentType && ({ MetadataDirective: 'REPLACE', ContentType: contentType } as const)
      const copy = { Bucket: bucket, Key: toKey, CopySource: copySource(bucket, fromKey), ...(type || {}) }
      try {
        await client.send(new CopyObjectCommand(copy))
        return true
      } catch (error) {
        if (isMissing(error)) return false
        throw error
      }
    },
    putOnce: async (key, body, contentType) => {
      const put = { Bucket: bucket, Key: key, Body: body, ContentType: contentType, IfNoneMatch: '*' }
      const { isWritten } = await conditionally(() => client.send(new PutObjectCommand(put)))
      if (!isWritten && !(await get(key))) throw new Error(`S3 has not written ${key}, and has none`)
    },
    list: async (prefix, { startAfter, limit, delimiter } = {}) => {
      const entries: Entry[] = []
      let token: string | undefined
      do {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            Delimiter: delimiter,
            StartAfter: startAfter,
            ContinuationToken: token,
            MaxKeys: limit === undefined ? undefined : Math.min(1000, limit - entries.length),
          }),
        )
        for (const { Key, Size, LastModified } of page.Contents ?? [])
          if (Key) entries.push({ key: Key, size: Size ?? 0, modifiedAt: LastModified ?? new Date() })
        for (const { Prefix } of page.CommonPrefixes ?? [])
          if (Prefix) entries.push({ key: Prefix, size: 0, modifiedAt: new Date(0) })
        token = page.NextContinuationToken
      } while (token && (limit === undefined || entries.length < limit))
      return delimiter === undefined ? entries : entries.toSorted(byKey)
    },
    remove: async key => {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
    },
  }
}

/** Sends a conditional write. */
async function conditionally(
  send: () => Promise<{ ETag?: string | undefined }>,
  isLost: (status?: number) => boolean = status => status === 412,
): Promise<ConditionalWrite> {
  for (let attempt = 1; ; attempt++) {
    try {
      return { isWritten: true, etag: (await send()).ETag ?? '' }
    } catch (error) {
      const status = statusOf(error)
      if (isLost(status)) return { isWritten: false }
      if (status !== 409) throw error
      // 409: two writes at the same moment, and perhaps neither succeeded. Only a repetition shows that.
      if (attempt === CONFLICTS) return { isWritten: false }
      await sleep(attempt * CONFLICT_MS)
    }
  }
}

/** The header with the source of a copy. */
const copySource = (bucket: string, key: string) =>
  `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`

/** S3's order is that of UTF-8 bytes. Our keys are ASCII. */
const byKey = (one: Entry, other: Entry) => (one.key < other.key ? -1 : 1)

/** Twice as fast as the SDK's own `transformToByteArray`. */
async function gather(stream: Readable | undefined): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream ?? []) pieces.push(piece)
  return Buffer.concat(pieces)
}

function multipartStore(client: S3Client, bucket: string): Multipart {
  const target = (key: string, uploadId: string) => ({ Bucket: bucket, Key: key, UploadId: uploadId })
  return {
    start: async (key, contentType) => {
      const create = new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ContentType: contentType })
      const { UploadId } = await client.send(create)
      if (!UploadId) throw new Error(`S3 gave no upload id for ${key}`)
      return UploadId
    },
    upload: async (key, uploadId, number, body) => {
      const part = new UploadPartCommand({ ...target(key, uploadId), PartNumber: number, Body: body })
      return { number, etag: (await client.send(part)).ETag ?? '' }
    },
    copy: async (key, uploadId, number, fromKey) => {
      const part = new UploadPartCopyCommand({
        ...target(key, uploadId),
        PartNumber: number,
        CopySource: copySource(bucket, fromKey),
      })
      return { number, etag: (await client.send(part)).CopyPartResult?.ETag ?? '' }
    },
    complete: async (key, uploadId, parts, isOnce = false) => {
      const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }))
      const complete = { ...target(key, uploadId), MultipartUpload: { Parts } }
      const once = { ...complete, IfNoneMatch: '*' }
      if (isOnce) await conditionally(() => client.send(new CompleteMultipartUploadCommand(once)))
      else await client.send(new CompleteMultipartUploadCommand(complete))
    },
  }
}
