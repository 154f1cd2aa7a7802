import { createInterface } from 'node:readline/promises'
import { Problem } from '../../src/problem.ts'
import type { Aws } from './aws.ts'
import type { Options } from './options.ts'
import { deleteStack, describeStack } from './stack.ts'

/** Removes both stacks; the bucket with logs and records only where that is asked for. */
export async function remove(aws: Aws & { account: string }, options: Options): Promise<void> {
  const { stack, deleteBucket = false } = options
  const bucketOf = (name: string) => `${name}-${aws.account}-${aws.region}`
  const records = bucketOf(stack)
  await confirm(options, deleteBucket ? `, and the bucket ${records} with all logs and records` : '')
  for (const name of [stack, `${stack}-bootstrap`]) {
    if (await describeStack(aws, name)) {
      console.log(`Deleting ${name}`)
      await deleteStack(aws, name)
    } else console.log(`There is no stack ${name}`)
  }
  await removeBucket(aws, bucketOf(`${stack}-bootstrap`))
  if (deleteBucket) await removeBucket(aws, records)
  else
    console.log(
      `The bucket ${records} stays, with logs, records, settings and secrets. Delete it with --delete --delete-bucket; a new deploy takes it over.`,
    )
  console.log('Done. Webhooks on GitHub are still there: remove them in the settings of each repository.')
}

async function removeBucket(aws: Aws, bucket: string): Promise<void> {
  if (!(await aws.ask('s3api', 'head-bucket', '--bucket', bucket)).ok) return
  console.log(`Emptying and deleting ${bucket}`)
  await aws.demand('s3', 'rm', `s3://${bucket}`, '--recursive', '--only-show-errors')
  await aws.demand('s3api', 'delete-bucket', '--bucket', bucket)
}

async function confirm({ stack, yes }: Options, more: string): Promise<void> {
  if (yes) return
  const what = `This removes the stacks ${stack} and ${stack}-bootstrap${more}.`
  if (!process.stdin.isTTY) throw new Problem(`${what} Nobody is there to be asked: say --yes.`)
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await lines.question(`${what}\nType the name of the stack to go on: `)
  lines.close()
  if (answer.trim() !== stack)
    throw new Problem('That is not the name of the stack. Nothing has been removed.')
}
