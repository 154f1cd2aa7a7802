import { createInterface } from 'node:readline'
import { UserError } from '../../src/model/user-error.ts'
import { removeBucket } from './buckets.ts'
import type { Context } from './context.ts'
import type { Io } from './io.ts'
import { bucketOf, type Options } from './options.ts'
import { deleteStack, waitForStack } from './stack.ts'

/** Deletes both stacks; with `deleteBucket` also the bucket with logs and records. */
export async function remove(context: Context, options: Options): Promise<void> {
  const { aws, io, print } = context
  const { stack, deleteBucket = false, dryRun = false, yes = false } = options
  const bucket = bucketOf(aws, stack)
  print(
    `This deletes the stacks ${stack} and ${stack}-bootstrap from account ${aws.account}, ${aws.region}${deleteBucket ? `, and the bucket ${bucket} with all logs, records, settings and secrets` : ''}.`,
  )
  if (dryRun) return print('Nothing was changed.')
  if (!yes) await confirm(io, stack)
  for (const name of [stack, `${stack}-bootstrap`]) {
    print(`Deleting ${name}`)
    if (await waitForStack(context, name)) await deleteStack(context, name)
    else print('  The stack does not exist')
  }
  await removeBucket(context, bucketOf(aws, `${stack}-bootstrap`))
  if (deleteBucket) await removeBucket(context, bucket)
  else
    print(
      `The bucket ${bucket} is kept, with all logs, records, settings and secrets. A new deploy reuses it; --delete-bucket deletes it.`,
    )
  print('Done. Webhooks on GitHub still exist. Remove them in the settings of each repository.')
}

/** Asks for confirmation. @throws UserError unless the user types the name of the stack */
async function confirm({ stdin, stdout }: Io, stack: string): Promise<void> {
  stdout.write('Type the name of the stack to continue: ')
  const lines = createInterface({ input: stdin })
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
