import type { Readable } from 'node:stream'
import { objectArn } from './access.ts'
import { type Call, requirePermission } from './call.ts'
import type { ObjectRecord } from './catalogue.ts'
import { evaluateReadConditions } from './conditions.ts'
import { Fault } from './faults.ts'
import type { Span } from './range.ts'
import { findObject } from './read-object.ts'
import { decode } from './request.ts'

export type CopySource = {
  bucket: string
  key: string
  object: ObjectRecord
  read(span: Span): Readable
}

/**
 * Opens the object named by `x-amz-copy-source` (`bucket/key`, percent-encoded).
 * @throws {Fault} if the header is invalid, the object cannot be read, or a condition does not hold
 */
export function openCopySource(call: Call): CopySource {
  const header = call.request.headers.get('x-amz-copy-source') ?? ''
  if (header.includes('?'))
    throw new Fault('NotImplemented', 'This server does not implement versions in x-amz-copy-source.')
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(decode(header)) ?? []
  if (!bucket || !key)
    throw new Fault(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    )
  requirePermission(call, { action: 's3:GetObject', resource: objectArn(bucket, key) })
  const object = findObject({ ...call, request: { ...call.request, bucket } }, key)
  if (evaluateReadConditions(call.request.headers, object, 'x-amz-copy-source-') !== 'met')
    throw new Fault('PreconditionFailed')
  return { bucket, key, object, read: span => call.blobs.stream(object.blobs, span) }
}
