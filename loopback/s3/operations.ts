import type { AccessRequest } from '../iam/access.ts'
import { bucketArn, objectArn } from './access.ts'
import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from './buckets.ts'
import type { Call, S3Response } from './call.ts'
import { completeMultipartUpload } from './complete-upload.ts'
import { Fault } from './faults.ts'
import { listObjects, listObjectsV2 } from './list-objects.ts'
import { abortMultipartUpload, createMultipartUpload, listParts } from './multipart.ts'
import { getObject } from './read-object.ts'
import { deleteObject, deleteObjects } from './remove-object.ts'
import type { S3Request } from './request.ts'
import { uploadPart, uploadPartCopy } from './upload-part.ts'
import { copyObject, putObject } from './write-object.ts'

type Operation = {
  /** The required IAM action; undefined if the operation checks permissions itself, key by key. */
  action: string | undefined
  handle: (call: Call) => S3Response | Promise<S3Response>
}

/** By method, level, and the sub-resources in the query. */
const OPERATIONS: Record<string, Operation> = {
  'GET service': { action: 's3:ListAllMyBuckets', handle: listBuckets },
  'PUT bucket': { action: 's3:CreateBucket', handle: createBucket },
  'HEAD bucket': { action: 's3:ListBucket', handle: headBucket },
  'DELETE bucket': { action: 's3:DeleteBucket', handle: deleteBucket },
  'GET bucket': { action: 's3:ListBucket', handle: listObjects },
  'GET bucket list-type': { action: 's3:ListBucket', handle: listObjectsV2 },
  'GET bucket location': { action: 's3:GetBucketLocation', handle: getBucketLocation },
  'POST bucket delete': { action: undefined, handle: deleteObjects },
  'PUT object': { action: 's3:PutObject', handle: putObject },
  'PUT object copy': { action: 's3:PutObject', handle: copyObject },
  'GET object': { action: 's3:GetObject', handle: getObject },
  'HEAD object': { action: 's3:GetObject', handle: getObject },
  'DELETE object': { action: 's3:DeleteObject', handle: deleteObject },
  'POST object uploads': { action: 's3:PutObject', handle: createMultipartUpload },
  'PUT object partNumber uploadId': { action: 's3:PutObject', handle: uploadPart },
  'PUT object partNumber uploadId copy': { action: 's3:PutObject', handle: uploadPartCopy },
  'POST object uploadId': { action: 's3:PutObject', handle: completeMultipartUpload },
  'DELETE object uploadId': { action: 's3:AbortMultipartUpload', handle: abortMultipartUpload },
  'GET object uploadId': { action: 's3:ListMultipartUploadParts', handle: listParts },
}

/** Query parameters that select the operation. Others (`x-id`, `prefix` …) do not. */
const SUB_RESOURCES = new Set(
  `abac accelerate acl analytics append attributes cors delete encryption intelligent-tiering inventory legal-hold
  lifecycle list-type location logging metadataConfiguration metadataTable metrics notification object-lock
  ownershipControls partNumber policy policyStatus publicAccessBlock renameObject replication requestPayment restore
  retention select session tagging torrent uploadId uploads versionId versioning versions website`.split(
    /\s+/,
  ),
)

/**
 * Finds the operation of a request.
 * @throws {Fault} NotImplemented, with the name of the operation
 */
export function operationOf(request: S3Request): Operation {
  const { method, query, headers } = request
  const level = request.key ? 'object' : request.bucket ? 'bucket' : 'service'
  const named =
    query.size === 0 ? [] : [...new Set(query.keys())].filter(name => SUB_RESOURCES.has(name)).sort()
  const copy = level === 'object' && method === 'PUT' && headers.has('x-amz-copy-source')
  const name = [method, level, ...named, ...(copy ? ['copy'] : [])].join(' ')
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined
  const version = query.get('list-type')
  if (operation && (version === null || version === '2')) return operation
  const requested = query.get('x-id') ?? `${method} on a ${level}${named.map(sub => ` ?${sub}`).join('')}`
  throw new Fault('NotImplemented', `This server does not implement ${requested}.`, { Method: method })
}

/** The permission that an action on the bucket or key of the request needs. */
export function permissionFor(action: string, request: S3Request): AccessRequest {
  const { bucket, key } = request
  if (!bucket) return { action, resource: '*' }
  return {
    action,
    resource: key ? objectArn(bucket, key) : bucketArn(bucket),
    context: contextOf(action, request),
  }
}

/** Headers that are condition keys under the name `s3:` + header. */
const CONDITION_HEADERS = [
  ...['if-match', 'if-none-match', 'x-amz-storage-class', 'x-amz-server-side-encryption'],
  'x-amz-server-side-encryption-customer-algorithm',
]

/**
 * The condition keys of a request. Only the completion of a multipart upload creates an object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
 */
function contextOf(action: string, { method, query, headers }: S3Request): Record<string, string> {
  const prefix = query.get('prefix')
  const given = CONDITION_HEADERS.flatMap(name => {
    const value = headers.get(name)
    return value === undefined ? [] : [[`s3:${name}`, value] as const]
  })
  const isPart = query.has('uploads') || query.has('partNumber')
  return {
    ...(prefix !== null && { 's3:prefix': prefix }),
    ...Object.fromEntries(given),
    ...(action === 's3:PutObject' &&
      method !== 'DELETE' && { 's3:ObjectCreationOperation': String(!isPart) }),
  }
}
