import { randomUUID } from 'node:crypto'
import { type Call, commit, requireBucket, type S3Response } from './call.ts'
import { parseAlgorithm } from './checksum.ts'
import { Fault } from './faults.ts'
import { storedHeaders } from './metadata.ts'
import { integerParameter } from './request.ts'
import type { Upload } from './tables.ts'
import type { Xml } from './xml.ts'

export const MAX_PART = 10_000

/** CreateMultipartUpload */
export function createMultipartUpload(call: Call): S3Response {
  const { request, tables } = call
  const { bucket, key } = request
  const headers = storedHeaders(request.headers)
  const checksum = checksumOf(request.headers)
  const id = randomUUID()
  const initiated = new Date().toISOString()
  commit(call, () => tables.addUpload({ id, bucket, key, initiated, headers, ...(checksum && { checksum }) }))
  return {
    status: 200,
    body: [
      'InitiateMultipartUploadResult',
      [
        ['Bucket', bucket],
        ['Key', key],
        ['UploadId', id],
      ],
    ],
  }
}

function checksumOf(headers: ReadonlyMap<string, string>): Upload['checksum'] {
  const name = headers.get('x-amz-checksum-algorithm')
  if (!name) return undefined
  const algorithm = parseAlgorithm(name)
  // CRC-64/NVME is only supported for the whole object.
  const type = headers.get('x-amz-checksum-type') ?? (algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE')
  return { algorithm, whole: type === 'FULL_OBJECT' }
}

/** @throws {Fault} NoSuchBucket, NoSuchUpload */
export function findUpload(call: Call): Upload {
  const { bucket, key, query } = call.request
  requireBucket(call)
  const id = query.get('uploadId') ?? ''
  const upload = call.tables.findUpload(id, bucket, key)
  if (!upload) throw new Fault('NoSuchUpload', undefined, { UploadId: id })
  return upload
}

/** AbortMultipartUpload */
export function abortMultipartUpload(call: Call): S3Response {
  commit(call, remove => {
    const { id } = findUpload(call)
    for (const part of call.tables.partsOf(id)) remove(part.blobs)
    call.tables.removeUpload(id)
  })
  return { status: 204 }
}

/** ListParts */
export function listParts(call: Call): S3Response {
  const { request, tables } = call
  const { id, bucket, key } = findUpload(call)
  const limit = Math.min(integerParameter(request, 'max-parts', { min: 0, max: 2 ** 31 - 1 }) ?? 1000, 1000)
  const marker = integerParameter(request, 'part-number-marker', { min: 0, max: 2 ** 31 - 1 }) ?? 0
  const left = tables.partsOf(id).filter(({ number }) => number > marker)
  const page = left.slice(0, limit)
  const body: Xml[] = [
    ['Bucket', bucket],
    ['Key', key],
    ['UploadId', id],
    ['StorageClass', 'STANDARD'],
    ['PartNumberMarker', marker],
    ['MaxParts', limit],
    ['IsTruncated', left.length > page.length],
  ]
  const last = page.at(-1)
  if (last && left.length > page.length) body.push(['NextPartNumberMarker', last.number])
  for (const { number, modified, etag, size } of page)
    body.push([
      'Part',
      [
        ['PartNumber', number],
        ['LastModified', modified],
        ['ETag', etag],
        ['Size', size],
      ],
    ])
  return { status: 200, body: ['ListPartsResult', body] }
}
