import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parametersIn } from '../../loopback/system/template.ts'
import { type Bundles, makeBundles, uploadOnce, zip } from './artifacts.ts'
import type { Aws } from './aws.ts'
import { deployStack } from './change-set.ts'
import { ensureImage } from './image.ts'
import { expectSameKind, type ImageSource, readDockerfile, readImageSource } from './image-source.ts'
import { bucketOf, type Options } from './options.ts'
import { describeStack, type StackState } from './stack.ts'

/** Everything, in the order in which one needs the other. Each step finds out by itself whether there is something to do. */
export async function deploy(aws: Aws, options: Options, root: string): Promise<void> {
  const { stack, parameters } = options
  console.log(`Deploying ${stack} to account ${aws.account}, ${aws.region}`)
  await checkImageOptions(aws, options)

  console.log('\nBootstrap: a bucket for bundles, a repository for the image')
  const bootstrap = await deployStack(aws, {
    name: `${stack}-bootstrap`,
    template: templateOf(root, 'bootstrap'),
    parameters: { Architecture: parameters.Architecture },
    kept: { bucket: bucketOf(aws, `${stack}-bootstrap`), id: 'Artifacts' },
  })

  console.log('\nBundles')
  const bundles = await makeBundles()
  const uploaded = await uploadBundles(aws, bootstrap, bundles)

  console.log('\nImage of the build functions')
  const BuildImage =
    options.image ?? (await buildImage(aws, bootstrap, await imageOf(options, bootstrap, bundles, root)))
  if (options.image) console.log(`  ${options.image}, as it is`)

  console.log('\nStack')
  const text = await readFile(templateOf(root, 'lambci'), 'utf8')
  const given: Record<string, string> = { ...parameters, ...uploaded, BuildImage }
  const state = await deployStack(aws, {
    name: stack,
    template: templateOf(root, 'lambci'),
    parameters: Object.fromEntries(parametersIn(text).map(({ name }) => [name, given[name]])),
    kept: { bucket: bucketOf(aws, stack), id: 'Bucket' },
  })
  console.log(describeEnd(state, options))
}

const templateOf = (root: string, name: string) => join(root, 'cloudformation', `${name}.yaml`)

/** @throws Problem before anything has been changed */
export async function checkImageOptions(aws: Aws, { stack, image, dockerfile }: Options): Promise<void> {
  if (dockerfile) await readDockerfile(dockerfile)
  const current = (await describeStack(aws, stack))?.parameters.BuildImage
  if (!image && !dockerfile && current) expectSameKind(current, stack)
}

async function uploadBundles(aws: Aws, { outputs: { ArtifactBucket = '' } }: StackState, bundles: Bundles) {
  const upload = (entry: 'http' | 'report') =>
    uploadOnce(aws, { bucket: ArtifactBucket, prefix: entry }, zip(bundles[entry]))
  return { ArtifactBucket, HttpBundle: await upload('http'), ReportBundle: await upload('report') }
}

async function buildImage(aws: Aws, { outputs }: StackState, source: ImageSource): Promise<string> {
  const { ArtifactBucket = '', ImageRepository = '', ImageProject = '' } = outputs
  const place = { bucket: ArtifactBucket, repository: ImageRepository, project: ImageProject }
  return ensureImage(aws, place, source)
}

export const imageOf = (options: Options, bootstrap: StackState | null, bundles: Bundles, root: string) =>
  readImageSource(root, {
    dockerfile: options.dockerfile,
    bundle: bundles.run,
    architecture: options.parameters.Architecture ?? bootstrap?.parameters.Architecture ?? 'x86_64',
  })

function describeEnd({ outputs }: StackState, { stack, region, profile, parameters }: Options): string {
  // A command that follows must find the same account and region.
  const place = [...(region ? [`AWS_REGION=${region}`] : []), ...(profile ? [`AWS_PROFILE=${profile}`] : [])]
  const setup = [...place, 'npx lambci setup', ...(stack === 'lambci' ? [] : [`--stack ${stack}`])].join(' ')
  const { NotificationEmail } = parameters
  return `
It stands.
  Webhook   ${outputs.WebhookUrl}
  Pages     ${outputs.Url}
  Bucket    ${outputs.Bucket}
${NotificationEmail ? `\n${NotificationEmail} gets notices once the mail that SNS has sent there is confirmed.` : ''}
Next: ${setup}    connects it with GitHub`
}
