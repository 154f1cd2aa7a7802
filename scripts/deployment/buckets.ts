import type { Aws } from './aws.ts'
import { DeployFailure } from './failure.ts'

/**
 * Whether a bucket is there, in this account. Names are taken for everybody: another account's must not be written to.
 * @throws DeployFailure where it is somebody else's
 */
export async function hasBucket(aws: Aws, bucket: string): Promise<boolean> {
  const owned = ['--bucket', bucket, '--expected-bucket-owner', aws.account]
  const answer = await aws.ask('s3api', 'head-bucket', ...owned)
  if (answer.ok) return true
  if (/^404$|NoSuchBucket|NotFound/.test(answer.code)) return false
  throw new DeployFailure(
    `The bucket ${bucket} cannot be looked at (${answer.code} ${answer.message}): either it belongs to another account, or you lack the right s3:ListBucket. Another name of the stack, by --stack, makes another bucket.`,
  )
}

export async function removeBucket(aws: Aws, bucket: string): Promise<void> {
  if (!(await hasBucket(aws, bucket))) return
  console.log(`Emptying and deleting ${bucket}`)
  await aws.demand('s3', 'rm', `s3://${bucket}`, '--recursive', '--only-show-errors')
  await aws.demand('s3api', 'delete-bucket', '--bucket', bucket)
}
