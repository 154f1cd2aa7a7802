import { checkAccountQuotas } from './account-quotas.ts'
import type { Aws } from './aws.ts'
import { BASE, recordedBase } from './base-image.ts'
import { hasBucket } from './buckets.ts'
import { checkConcurrency } from './concurrency.ts'
import type { Context } from './context.ts'
import { checkImageOptions, imageOf } from './deploy.ts'
import { isBuilt } from './image.ts'
import { bucketOf, type Options } from './options.ts'
import { describeStack, mustBeDeleted, type StackState } from './stack.ts'

/** Prints what a deploy would do. Changes nothing. */
export async function describeDeploy(context: Context, options: Options, root: string): Promise<void> {
  const { aws, print } = context
  const { stack } = options
  const { Toolchains, ...parameters } = options.parameters
  await checkImageOptions(aws, options)
  const quotas = await checkAccountQuotas(aws, options)
  if (quotas !== null) print(quotas)
  const note = await checkConcurrency(context, options)
  const bootstrap = await describeStack(aws, `${stack}-bootstrap`)
  const current = await describeStack(aws, stack)
  const set = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
  const steps = [
    await describeStackStep(aws, `${stack}-bootstrap`, bootstrap),
    'upload the bundles of http and report if they have changed',
    `${await describeImageStep(context, options, bootstrap, root)}${Toolchains === undefined ? '' : `, Toolchains=${Toolchains}`}`,
    `${await describeStackStep(aws, stack, current)}${set.length > 0 ? ` with ${set.join(', ')}` : ''}`,
  ]
  print(`A deploy of ${stack} to account ${aws.account}, ${aws.region}, would:`)
  for (const step of steps) print(`- ${step}`)
  if (note !== null) print(note)
  print('Nothing was changed.')
}

async function describeStackStep(aws: Aws, name: string, state: StackState | null): Promise<string> {
  if (state && !mustBeDeleted(state)) return `update ${name} (${state.status})`
  if (state) return `delete ${name} (${state.status}) and create it again`
  const bucket = bucketOf(aws, name)
  return `create ${name}${(await hasBucket(aws, bucket)) ? `, which imports the existing bucket ${bucket}` : ''}`
}

async function describeImageStep(
  { aws, io }: Context,
  options: Options,
  bootstrap: StackState | null,
  root: string,
): Promise<string> {
  if (options.image) return `use the image ${options.image}`
  const builder = options.docker ? 'Docker' : 'CodeBuild'
  if (recordedBase(bootstrap) === null) return `build the image on ${BASE} with ${builder}`
  const { tag } = await imageOf(options, bootstrap, await io.makeBundles(), root)
  const repository = bootstrap?.outputs.ImageRepository
  const exists = repository !== undefined && (await isBuilt(aws, repository, tag))
  const step = exists ? `use the existing image ${tag}` : `build the image ${tag} with ${builder}`
  return options.updateBase ? `${step}, or another one if ${BASE} has changed` : step
}
