import { bucketArn, objectArn } from './access.ts'
import type { Call, S3Response } from './call.ts'
import { requireBucket } from './call.ts'
import type { ObjectRecord } from './catalogue.ts'
import { checksumHeader } from './checksum.ts'
import { evaluateReadConditions } from './conditions.ts'
import { Fault } from './faults.ts'
import { responseOverrides } from './metadata.ts'
import { fullSpan, parseRange } from './range.ts'

/** @throws {Fault} NoSuchBucket, NoSuchKey; AccessDenied instead of NoSuchKey without the right to list */
export function findObject(call: Call, key: string): ObjectRecord {
  requireBucket(call)
  const { bucket } = call.request
  const object = call.tables.findObject(bucket, key)
  if (object) return object
  const mayList = call.allows({ action: 's3:ListBucket', resource: bucketArn(bucket) })
  throw mayList
    ? new Fault('NoSuchKey', undefined, { Key: key })
    : new Fault(
        'AccessDenied',
        `Without s3:ListBucket, you cannot find out whether ${objectArn(bucket, key)} exists.`,
      )
}

/** GetObject */
export function getObject(call: Call): S3Response {
  const { request, blobs } = call
  const object = findObject(call, request.key)
  const described = describeObject(object)
  const decision = evaluateReadConditions(request.headers, object)
  if (decision === 'failed') throw new Fault('PreconditionFailed')
  if (decision === 'unmodified') return { status: 304, headers: described }
  const ifRange = request.headers.get('if-range')
  const stale = ifRange !== undefined && ifRange !== object.etag
  const range = stale ? undefined : parseRange(request.headers.get('range'), object.size)
  const span = range ?? fullSpan(object.size)
  const headers: Record<string, string> = {
    ...described,
    ...responseOverrides(request.query),
    'content-length': String(span.last - span.first + 1),
  }
  if (range) headers['content-range'] = `bytes ${range.first}-${range.last}/${object.size}`
  // Not with a range: clients would compare the checksum of the whole object with that of the range.
  else if (request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED' && object.checksum)
    Object.assign(headers, checksumHeader(object.checksum))
  const status = range ? 206 : 200
  return request.method === 'HEAD'
    ? { status, headers }
    : { status, headers, body: blobs.read(object.blobs, span) }
}

function describeObject({ etag, modified, headers }: ObjectRecord): Record<string, string> {
  return {
    ...headers,
    etag,
    'last-modified': new Date(modified).toUTCString(),
    'accept-ranges': 'bytes',
  }
}
