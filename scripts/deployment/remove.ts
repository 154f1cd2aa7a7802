import { createInterface } from 'node:readline'
import { UserError } from '../../src/model/user-error.ts'
import type { Aws } from './aws.ts'
import { removeBucket } from './buckets.ts'
import { bucketOf, type Options } from './options.ts'
import { deleteStack, waitForStack } from './stack.ts'

/** Deletes both stacks; with `deleteBucket` also the bucket with logs and records. */
export async function remove(aws: Aws, options: Options): Promise<void> {
  const { stack, deleteBucket = false, dryRun = false, yes = false } = options
  const bucket = bucketOf(aws, stack)
  console.log(
    `This deletes the stacks ${stack} and ${stack}-bootstrap from account ${aws.account}, ${aws.region}${deleteBucket ? `, and the bucket ${bucket} with all logs, records, settings and secrets` : ''}.`,
  )
  if (dryRun) return console.log('Nothing was changed.')
  if (!yes) await confirm(stack)
  for (const name of [stack, `${stack}-bootstrap`]) {
    console.log(`Deleting ${name}`)
    if (await waitForStack(aws, name)) await deleteStack(aws, name)
    else console.log('  The stack does not exist')
  }
  await removeBucket(aws, bucketOf(aws, `${stack}-bootstrap`))
  if (deleteBucket) await removeBucket(aws, bucket)
  else
    console.log(
      `The bucket ${bucket} is kept, with all logs, records, settings and secrets. A new deploy reuses it; --delete --delete-bucket deletes it.`,
    )
  console.log('Done. Webhooks on GitHub still exist. Remove them in the settings of each repository.')
}

/** Asks for confirmation. @throws UserError unless the user types the name of the stack */
async function confirm(stack: string): Promise<void> {
  process.stdout.write('Type the name of the stack to continue: ')
  const lines = createInterface({ input: process.stdin })
  let typed = ''
  for await (const line of lines) {
    typed = line.trim()
    break
  }
  lines.close()
  if (typed !== stack)
    throw new UserError(
      `The name does not match the stack, ${stack}. Nothing was deleted. Use --yes to delete without confirmation.`,
    )
}
