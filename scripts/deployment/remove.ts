import { createInterface } from 'node:readline'
import { UserError } from '../../src/model/user-error.ts'
import type { Aws } from './aws.ts'
import { removeBucket } from './buckets.ts'
import { bucketOf, type Options } from './options.ts'
import { awaitStack, deleteStack } from './stack.ts'

/** Removes both stacks; the bucket with logs and records only where that is asked for. */
export async function remove(aws: Aws, options: Options): Promise<void> {
  const { stack, deleteBucket = false, dryRun = false, yes = false } = options
  const records = bucketOf(aws, stack)
  console.log(
    `This removes the stacks ${stack} and ${stack}-bootstrap from account ${aws.account}, ${aws.region}${deleteBucket ? `, and the bucket ${records} with all logs, records, settings and secrets` : ''}.`,
  )
  if (dryRun) return console.log('Nothing has been changed.')
  if (!yes) await confirm(stack)
  for (const name of [stack, `${stack}-bootstrap`]) {
    console.log(`Deleting ${name}`)
    if (await awaitStack(aws, name)) await deleteStack(aws, name)
    else console.log('  There is no such stack')
  }
  await removeBucket(aws, bucketOf(aws, `${stack}-bootstrap`))
  if (deleteBucket) await removeBucket(aws, records)
  else
    console.log(
      `The bucket ${records} stays, with logs, records, settings and secrets: a new deploy takes it over. --delete --delete-bucket deletes it.`,
    )
  console.log('Done. Webhooks on GitHub are still there: remove them in the settings of each repository.')
}

/** @throws Problem unless the name is typed in */
async function confirm(stack: string): Promise<void> {
  process.stdout.write('Type the name of the stack to go on: ')
  const lines = createInterface({ input: process.stdin })
  let typed = ''
  for await (const line of lines) {
    typed = line.trim()
    break
  }
  lines.close()
  if (typed !== stack)
    throw new UserError(
      `That is not the name of the stack, ${stack}. Nothing has been removed; --yes does it without asking.`,
    )
}
