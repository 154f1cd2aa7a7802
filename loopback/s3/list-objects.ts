import { percentEncode } from '../sigv4/signature.ts'
import { type Call, requireBucket, type S3Response } from './call.ts'
import { Fault } from './faults.ts'
import { afterKey, afterPrefix, listPage, type Page } from './listing.ts'
import { integerParameter } from './request.ts'
import type { Xml } from './xml.ts'

const MAX_KEYS = 1000

/** ListObjectsV2 */
export function listObjectsV2(call: Call): S3Response {
  const { query, bucket } = call.request
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  const start = token ? readToken(token) : startAfter ? afterKey(startAfter) : Buffer.alloc(0)
  const { page, common, encode } = list(call, start)
  const body: Xml[] = [
    ['Name', bucket],
    ...common,
    ['KeyCount', page.objects.length + page.prefixes.length],
    ['IsTruncated', page.next !== undefined],
  ]
  if (token) body.push(['ContinuationToken', token])
  if (startAfter) body.push(['StartAfter', encode(startAfter)])
  if (page.next) body.push(['NextContinuationToken', page.next.toString('base64url')])
  return { status: 200, body: ['ListBucketResult', [...body, ...contents(page, encode)]] }
}

/** ListObjects, version 1: a page starts after the marker, which is a key or a common prefix. */
export function listObjects(call: Call): S3Response {
  const { query, bucket } = call.request
  const marker = query.get('marker') ?? ''
  const delimiter = query.get('delimiter')
  const start =
    delimiter && marker.endsWith(delimiter)
      ? afterPrefix(marker)
      : marker
        ? afterKey(marker)
        : Buffer.alloc(0)
  const { page, common, encode } = list(call, start)
  const body: Xml[] = [
    ['Name', bucket],
    ...common,
    ['Marker', encode(marker)],
    ['IsTruncated', page.next !== undefined],
  ]
  if (page.next && delimiter) body.push(['NextMarker', encode(page.last)])
  return { status: 200, body: ['ListBucketResult', [...body, ...contents(page, encode)]] }
}

function list(call: Call, start: Buffer) {
  const { request, tables } = call
  requireBucket(call)
  const prefix = request.query.get('prefix') ?? ''
  const delimiter = request.query.get('delimiter') ?? ''
  const maxKeys = integerParameter(request, 'max-keys', { min: 0, max: 2 ** 31 - 1 }) ?? MAX_KEYS
  const options = { prefix, delimiter, start, limit: Math.min(maxKeys, MAX_KEYS) }
  const page = listPage((from, to) => tables.objectsBetween(request.bucket, from, to), options)
  const encoding = request.query.get('encoding-type')
  if (encoding && encoding !== 'url')
    throw new Fault('InvalidArgument', 'Invalid Encoding Method specified in Request')
  const encode = encoding
    ? (text: string) => percentEncode(text).replaceAll('%2F', '/')
    : (text: string) => text
  const common: Xml[] = [
    ['Prefix', encode(prefix)],
    ['MaxKeys', options.limit],
  ]
  if (delimiter) common.push(['Delimiter', encode(delimiter)])
  if (encoding) common.push(['EncodingType', encoding])
  return { page, common, encode }
}

function contents({ objects, prefixes }: Page, encode: (text: string) => string): Xml[] {
  return [
    ...objects.map(
      ({ key, record }): Xml => [
        'Contents',
        [
          ['Key', encode(key)],
          ['LastModified', record.modified],
          ['ETag', record.etag],
          ['Size', record.size],
          ['StorageClass', 'STANDARD'],
        ],
      ],
    ),
    ...prefixes.map((prefix): Xml => ['CommonPrefixes', [['Prefix', encode(prefix)]]]),
  ]
}

function readToken(token: string): Buffer {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length === 0 || bytes.toString('base64url') !== token)
    throw new Fault('InvalidArgument', 'The continuation token provided is incorrect')
  return bytes
}
