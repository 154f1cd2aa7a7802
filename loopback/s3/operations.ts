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
  /** The IAM action it needs; undefined where it asks for itself, key by key. */
  action: string | undefined
  answer: (call: Call) => S3Response | Promise<S3Response>
}

/** Method, level, and the sub-resources that the query names. */
const OPERATIONS: Record<string, Operation> = {
  'GET service': { action: 's3:ListAllMyBuckets', answer: listBuckets },
  'PUT bucket': { action: 's3:CreateBucket', answer: createBucket },
  'HEAD bucket': { action: 's3:ListBucket', answer: headBucket },
  'DELETE bucket': { action: 's3:DeleteBucket', answer: deleteBucket },
  'GET bucket': { action: 's3:ListBucket', answer: listObjects },
  'GET bucket list-type': { action: 's3:ListBucket', answer: listObjectsV2 },
  'GET bucket location': { action: 's3:GetBucketLocation', answer: getBucketLocation },
  'POST bucket delete': { action: undefined, answer: deleteObjects },
  'PUT object': { action: 's3:PutObject', answer: putObject },
  'PUT object copy': { action: 's3:PutObject', answer: copyObject },
  'GET object': { action: 's3:GetObject', answer: getObject },
  'HEAD object': { action: 's3:GetObject', answer: getObject },
  'DELETE object': { action: 's3:DeleteObject', answer: deleteObject },
  'POST object uploads': { action: 's3:PutObject', answer: createMultipartUpload },
  'PUT object partNumber uploadId': { action: 's3:PutObject', answer: uploadPart },
  'PUT object partNumber uploadId copy': { action: 's3:PutObject', answer: uploadPartCopy },
  'POST object uploadId': { action: 's3:PutObject', answer: completeMultipartUpload },
  'DELETE object uploadId': { action: 's3:AbortMultipartUpload', answer: abortMultipartUpload },
  'GET object uploadId': { action: 's3:ListMultipartUploadParts', answer: listParts },
}

/** Parameters that make an operation another one. Others (`x-id`, `prefix` …) don't. */
const SUB_RESOURCES = new Set(
  `abac accelerate acl analytics append attributes cors delete encryption intelligent-tiering inventory legal-hold
  lifecycle list-type location logging metadataConfiguration metadataTable metrics notification object-lock
  ownershipControls partNumber policy policyStatus publicAccessBlock renameObject replication requestPayment restore
  retention select session tagging torrent uploadId uploads versionId versioning versions website`.split(
    /\s+/,
  ),
)

/**
 * The operation that a request asks for.
 * @throws {Fault} NotImplemented, with its name
 */
export function operationOf(request: S3Request): Operation {
  const { method, query, headers } = request
  const level = request.key ? 'object' : request.bucket ? 'bucket' : 'service'
  const named = [...new Set(query.keys())].filter(name => SUB_RESOURCES.has(name)).sort()
  const copy = level === 'object' && method === 'PUT' && headers.has('x-amz-copy-source')
  const name = [method, level, ...named, ...(copy ? ['copy'] : [])].join(' ')
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined
  const version = query.get('list-type')
  if (operation && (version === null || version === '2')) return operation
  const asked = query.get('x-id') ?? `${method} on a ${level}${named.map(sub => ` ?${sub}`).join('')}`
  throw new Fault('NotImplemented', `This server does not implement ${asked}.`, { Method: method })
}

/** What one must be allowed for it. */
export function permissionFor(action: string, { bucket, key, query }: S3Request): AccessRequest {
  if (!bucket) return { action, resource: '*' }
  const prefix = query.get('prefix')
  const resource = key ? objectArn(bucket, key) : bucketArn(bucket)
  return prefix === null ? { action, resource } : { action, resource, context: { 's3:prefix': prefix } }
}
