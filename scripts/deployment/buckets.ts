import type { Aws } from './aws.ts'
import type { Context } from './context.ts'
import { DeployFailure } from './failure.ts'

/**
 * Whether this account has the bucket. Bucket names are global, so it could belong to another account.
 * @throws DeployFailure if it does
 */
export async function hasBucket(aws: Aws, bucket: string): Promise<boolean> {
  const query = ['--bucket', bucket, '--expected-bucket-owner', aws.account]
  const answer = await aws.tryRun('s3api', 'head-bucket', ...query)
  if (answer.ok) return true
  if (/^404$|NoSuchBucket|NotFound/.test(answer.code)) return false
  throw new DeployFailure(
    `Cannot access the bucket ${bucket} (${answer.code} ${answer.message}). Either it belongs to another account, or you lack the permission s3:ListBucket. Choose another name for the stack with --stack to use another bucket.`,
  )
}

export async function removeBucket({ aws, print }: Context, bucket: string): Promise<void> {
  if (!(await hasBucket(aws, bucket))) return
  print(`Emptying and deleting ${bucket}`)
  await aws.run('s3', 'rm', `s3://${bucket}`, '--recursive', '--only-show-errors')
  await aws.run('s3api', 'delete-bucket', '--bucket', bucket)
}
