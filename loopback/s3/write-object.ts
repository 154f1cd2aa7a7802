import { objectArn } from './access.ts'
import type { Blob, WrittenBlob } from './blobs.ts'
import { receiveBody } from './body.ts'
import { type Call, commit, requireBucket, requirePermission, type S3Response } from './call.ts'
import type { ObjectRecord } from './catalogue.ts'
import { type Checksum, checksumHeader } from './checksum.ts'
import { checkWriteConditions } from './conditions.ts'
import { openCopySource } from './copy-source.ts'
import { Fault } from './faults.ts'
import { storedHeaders } from './metadata.ts'
import type { EventName } from './notification.ts'
import { fullSpan } from './range.ts'

/** In bytes; S3's limit for one request. */
export const MAX_UPLOAD = 5 * 1024 ** 3

export const md5Etag = (md5: Buffer) => `"${md5.toString('hex')}"`

/** PutObject */
export async function putObject(call: Call): Promise<S3Response> {
  const { request, authorization, blobs } = call
  const headers = storedHeaders(request.headers)
  requireBucket(call)
  const { etag, checksum } = await blobs.write(
    sink => receiveBody(request, authorization, MAX_UPLOAD, sink),
    (blob, received) => putWritten(call, blob, { headers, ...received }, 'ObjectCreated:Put'),
  )
  return { status: 200, headers: { etag, ...(checksum && checksumHeader(checksum)) } }
}

/** CopyObject */
export async function copyObject(call: Call): Promise<S3Response> {
  const { request, blobs } = call
  const { headers: requestHeaders } = request
  const replaced = storedHeaders(requestHeaders)
  requireBucket(call)
  const source = openCopySource(call)
  const replace = requestHeaders.get('x-amz-metadata-directive') === 'REPLACE'
  if (source.bucket === request.bucket && source.key === request.key && !replace)
    throw new Fault(
      'InvalidRequest',
      'An object can be copied to itself only with x-amz-metadata-directive: REPLACE.',
    )
  const { object } = source
  const checksum = object.checksum?.value.includes('-') ? undefined : object.checksum
  const { etag, modified } = await blobs.write(
    async sink => {
      for await (const bytes of source.read(fullSpan(object.size))) await sink(bytes)
    },
    blob =>
      putWritten(
        call,
        blob,
        { headers: replace ? replaced : object.headers, checksum },
        'ObjectCreated:Copy',
      ),
  )
  return {
    status: 200,
    body: [
      'CopyObjectResult',
      [
        ['LastModified', modified],
        ['ETag', etag],
      ],
    ],
  }
}

type Described = { headers: Record<string, string>; checksum: Checksum | undefined }

function putWritten(call: Call, blob: WrittenBlob, described: Described, event: EventName): ObjectRecord {
  const { size, md5 } = blob
  const { headers, checksum } = described
  return replaceObject(call, event, () => ({
    blobs: [blob.keep()],
    size,
    etag: md5Etag(md5),
    modified: new Date().toISOString(),
    headers,
    ...(checksum && { checksum }),
  }))
}

type Prepare = (remove: (blobs: readonly Blob[]) => void) => ObjectRecord

/**
 * Replaces the object in one transaction if the request's conditions hold, then sends the notification. `prepare`
 * runs within the transaction.
 */
export function replaceObject(call: Call, event: EventName, prepare: Prepare): ObjectRecord {
  const { request, tables } = call
  const { bucket, key, headers } = request
  // If-Match reveals the entity tag by guessing, so it needs the right to read.
  if (headers.has('if-match'))
    requirePermission(call, { action: 's3:GetObject', resource: objectArn(bucket, key) })
  const object = commit(call, remove => {
    const current = tables.findObject(bucket, key)
    checkWriteConditions(headers, current)
    const prepared = prepare(remove)
    tables.putObject(bucket, key, prepared)
    if (current) remove(current.blobs)
    return prepared
  })
  call.notify({ name: event, key, object })
  return object
}
