import { receiveText } from './body.ts'
import { type Call, commit, requireBucket, type S3Response } from './call.ts'
import { Fault } from './faults.ts'
import { allKeys } from './listing.ts'
import { parseXml } from './xml-request.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const NAME = /^(?!\d{1,3}(\.\d{1,3}){3}$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** CreateBucket */
export async function createBucket(call: Call): Promise<S3Response> {
  const { request, tables, region } = call
  const name = request.bucket
  if (!NAME.test(name)) throw new Fault('InvalidBucketName', undefined, { BucketName: name })
  requireLocation(await receiveText(request, call.authorization), region)
  if (!tables.findBucket(name)) tables.addBucket({ name, created: new Date().toISOString() })
  // In us-east-1, creating a bucket that you own again succeeds.
  else if (region !== 'us-east-1') throw new Fault('BucketAlreadyOwnedByYou', undefined, { BucketName: name })
  return { status: 200, headers: { location: `/${name}` } }
}

function requireLocation(body: string, region: string): void {
  if (body === '') return
  const root = parseXml(body)
  if (root.name !== 'CreateBucketConfiguration') throw new Fault('MalformedXML')
  const location = root.children.find(({ name }) => name === 'LocationConstraint')?.text
  if (location && location !== region)
    throw new Fault(
      'IllegalLocationConstraintException',
      `The location constraint ${location} is not this server's region, ${region}.`,
    )
}

/** HeadBucket */
export function headBucket(call: Call): S3Response {
  requireBucket(call)
  return { status: 200, headers: { 'x-amz-bucket-region': call.region } }
}

/** GetBucketLocation: the location of us-east-1 is empty. */
export function getBucketLocation(call: Call): S3Response {
  requireBucket(call)
  return { status: 200, body: ['LocationConstraint', call.region === 'us-east-1' ? '' : call.region] }
}

/** ListBuckets */
export function listBuckets({ tables, authorization }: Call): S3Response {
  const buckets = tables.allBuckets()
  return {
    status: 200,
    body: [
      'ListAllMyBucketsResult',
      [
        ['Owner', [['ID', authorization.accessKeyId]]],
        [
          'Buckets',
          buckets.map(
            ({ name, created }) =>
              [
                'Bucket',
                [
                  ['Name', name],
                  ['CreationDate', created],
                ],
              ] as const,
          ),
        ],
      ],
    ],
  }
}

/** DeleteBucket; also removes the bucket's unfinished uploads. */
export function deleteBucket(call: Call): S3Response {
  const {
    tables,
    request: { bucket },
  } = call
  commit(call, remove => {
    for (const _ of tables.objectsBetween(bucket, ...allKeys))
      throw new Fault('BucketNotEmpty', undefined, { BucketName: bucket })
    for (const part of tables.partsInBucket(bucket)) remove(part.blobs)
    tables.removeBucket(bucket)
  })
  return { status: 204 }
}
