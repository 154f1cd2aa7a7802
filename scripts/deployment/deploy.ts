import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listParameters } from '../../loopback/system/template.ts'
import { checkAccountQuotas } from './account-quotas.ts'
import { uploadIfMissing, zip } from './artifacts.ts'
import type { Aws } from './aws.ts'
import { BASE, chooseImageParameters } from './base-image.ts'
import type { Bundles } from './bundles.ts'
import { deployStack } from './change-set.ts'
import { checkConcurrency } from './concurrency.ts'
import type { Context } from './context.ts'
import { ensureImage, isBuilt } from './image.ts'
import { readDockerfile, readImageSource, requireSameImageKind } from './image-source.ts'
import { buildWithDocker, requireDocker } from './local-docker.ts'
import { bucketOf, type Options } from './options.ts'
import { selfTest } from './self-test.ts'
import { describeStack, type StackState, waitForStack } from './stack.ts'

/** Runs all steps of a deploy. Each step checks what is up to date, so an interrupted deploy can be repeated. */
export async function deploy(context: Context, options: Options, root: string): Promise<void> {
  const { aws, io, print } = context
  const { stack, parameters } = options
  print(`Deploying ${stack} to account ${aws.account}, ${aws.region}`)
  await checkImageOptions(aws, options)
  if (options.docker) await requireDocker(context)
  const quotas = await checkAccountQuotas(aws, options)
  if (quotas !== null) print(quotas)
  const note = await checkConcurrency(context, options)

  print('\nBootstrap stack: bucket for bundles, repository for the build image')
  const before = await waitForStack(context, `${stack}-bootstrap`)
  const bootstrap = await deployStack(context, {
    name: `${stack}-bootstrap`,
    template: { path: templateOf(root, 'bootstrap') },
    parameters: {
      Architecture: parameters.Architecture,
      ...(await chooseImageParameters(context, options, before)),
    },
    retained: { bucket: bucketOf(aws, `${stack}-bootstrap`), id: 'Artifacts' },
  })

  print('\nBundles')
  const bundles = await io.makeBundles()
  const uploaded = await uploadBundles(context, bootstrap, bundles)

  print('\nBuild image')
  const BuildImage = options.image ?? (await buildImage(context, options, bootstrap, bundles, root))
  if (options.image) print(`  ${options.image} (not built here)`)

  print('\nStack')
  const text = await readFile(templateOf(root, 'lambci'), 'utf8')
  const given: Record<string, string> = { ...parameters, ...uploaded, BuildImage }
  const state = await deployStack(context, {
    name: stack,
    template: await uploadTemplate(context, bootstrap, text),
    parameters: Object.fromEntries(listParameters(text).map(({ name }) => [name, given[name]])),
    retained: { bucket: bucketOf(aws, stack), id: 'Bucket' },
  })
  await selfTest(context, state)
  print(describeResult(state, options))
  if (note !== null) print(`\n${note}`)
}

const templateOf = (root: string, name: string) => join(root, 'cloudformation', `${name}.yaml`)

/** Checks the image options before anything is changed. @throws UserError if they are invalid */
export async function checkImageOptions(aws: Aws, { stack, image, dockerfile }: Options): Promise<void> {
  if (dockerfile) await readDockerfile(dockerfile)
  const current = (await describeStack(aws, stack))?.parameters.BuildImage
  if (!image && !dockerfile && current) requireSameImageKind(current, stack)
}

/** The template is larger than CloudFormation accepts inline. A failed update needs no older one: CloudFormation has its own copy. */
async function uploadTemplate(
  context: Context,
  { outputs: { ArtifactBucket = '' } }: StackState,
  text: string,
): Promise<{ url: string }> {
  const { region } = context.aws
  const place = { bucket: ArtifactBucket, prefix: 'template', extension: 'yaml' }
  const key = await uploadIfMissing(context, place, Buffer.from(text))
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return { url: `https://${ArtifactBucket}.s3.${region}.${domain}/${key}` }
}

async function uploadBundles(
  context: Context,
  { outputs: { ArtifactBucket = '' } }: StackState,
  bundles: Bundles,
) {
  const upload = (entry: 'http' | 'report') =>
    uploadIfMissing(context, { bucket: ArtifactBucket, prefix: entry }, zip(bundles[entry]))
  return { ArtifactBucket, HttpBundle: await upload('http'), ReportBundle: await upload('report') }
}

async function buildImage(
  context: Context,
  options: Options,
  bootstrap: StackState,
  bundles: Bundles,
  root: string,
): Promise<string> {
  const { ArtifactBucket = '', ImageRepository = '', ImageProject = '' } = bootstrap.outputs
  const resources = { bucket: ArtifactBucket, repository: ImageRepository, project: ImageProject }
  const settings = imageSettings(options, bootstrap)
  const source = await readImageSource(root, { ...settings, bundle: bundles.run })
  const uri = `${ImageRepository}:${source.tag}`
  if (!options.docker || (await isBuilt(context.aws, ImageRepository, source.tag)))
    return ensureImage(context, resources, source)
  await buildWithDocker(context, uri, source, settings)
  return uri
}

const imageSettings = ({ dockerfile, parameters }: Options, bootstrap: StackState | null) => ({
  dockerfile,
  architecture: parameters.Architecture ?? bootstrap?.parameters.Architecture ?? 'x86_64',
  base: bootstrap?.parameters.BaseImage ?? BASE,
  toolchains: parameters.Toolchains ?? bootstrap?.parameters.Toolchains ?? 'none',
})

export const imageOf = (options: Options, bootstrap: StackState | null, bundles: Bundles, root: string) =>
  readImageSource(root, { ...imageSettings(options, bootstrap), bundle: bundles.run })

function describeResult({ outputs }: StackState, { stack, region, profile, parameters }: Options): string {
  // The next command must use the same account and region.
  const environment = [
    ...(region ? [`AWS_REGION=${region}`] : []),
    ...(profile ? [`AWS_PROFILE=${profile}`] : []),
  ]
  const setup = [
    ...environment,
    // Named even if it is the default, so that the local system is not connected instead.
    `lambci setup --stack ${stack}`,
  ].join(' ')
  const { NotificationEmail } = parameters
  return `
The deploy is complete.
  Webhook   ${outputs.WebhookUrl}
  Pages     ${outputs.Url}
  Bucket    ${outputs.Bucket}
${NotificationEmail ? `\n${NotificationEmail} receives notifications after you confirm the subscription email from SNS.` : ''}
Next, connect the stack to GitHub: ${setup}`
}
