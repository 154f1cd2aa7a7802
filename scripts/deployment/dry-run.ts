import { makeBundles } from './artifacts.ts'
import type { Aws } from './aws.ts'
import { hasBucket } from './buckets.ts'
import { checkImageOptions, imageOf } from './deploy.ts'
import { isBuilt } from './image.ts'
import { bucketOf, type Options } from './options.ts'
import { describeStack, isStillborn, type StackState } from './stack.ts'

/** Says what a deploy would do. Only reads. */
export async function describeDeploy(aws: Aws, options: Options, root: string): Promise<void> {
  const { stack, parameters } = options
  await checkImageOptions(aws, options)
  const bootstrap = await describeStack(aws, `${stack}-bootstrap`)
  const standing = await describeStack(aws, stack)
  const set = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
  const steps = [
    await describeStackStep(aws, `${stack}-bootstrap`, bootstrap),
    'upload the bundles of http and report, where they have changed',
    await describeImageStep(aws, options, bootstrap, root),
    `${await describeStackStep(aws, stack, standing)}${set.length > 0 ? ` with ${set.join(', ')}` : ''}`,
  ]
  console.log(`A deploy of ${stack} to account ${aws.account}, ${aws.region}, would:`)
  for (const step of steps) console.log(`- ${step}`)
  console.log('Nothing has been changed.')
}

async function describeStackStep(aws: Aws, name: string, state: StackState | null): Promise<string> {
  if (state && !isStillborn(state)) return `bring ${name} (${state.status}) up to date`
  if (state) return `delete ${name} (${state.status}), and create it anew`
  const bucket = bucketOf(aws, name)
  return `create ${name}${(await hasBucket(aws, bucket)) ? `, which takes over the bucket ${bucket}` : ''}`
}

async function describeImageStep(
  aws: Aws,
  options: Options,
  bootstrap: StackState | null,
  root: string,
): Promise<string> {
  if (options.image) return `take the image ${options.image} as it is`
  const { tag } = await imageOf(options, bootstrap, await makeBundles(), root)
  const repository = bootstrap?.outputs.ImageRepository
  const isThere = repository !== undefined && (await isBuilt(aws, repository, tag))
  return isThere ? `take the image ${tag}, which is there` : `build the image ${tag} by CodeBuild`
}
