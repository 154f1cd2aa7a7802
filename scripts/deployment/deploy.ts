import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parametersIn } from '../../src/entry/system/template.ts'
import { bundle, ENTRIES } from '../bundle.ts'
import { uploadOnce, zipBundle } from './artifacts.ts'
import type { Aws } from './aws.ts'
import { adoptBucket, deployStack } from './change-set.ts'
import { ensureImage, type ImageSource, isBuilt, readImageSource } from './image.ts'
import type { Options } from './options.ts'
import { describeStack, type StackState, settleStack } from './stack.ts'

type Account = Aws & { account: string }

const templateOf = (root: string, name: string) => join(root, 'cloudformation', `${name}.yaml`)

/** Everything, in the order in which one needs the other. Each step finds out by itself whether there is something to do. */
export async function deploy(aws: Account, options: Options, root: string): Promise<void> {
  const { stack } = options
  console.log(`Deploying ${stack} to account ${aws.account}, ${aws.region}`)

  console.log('\nBootstrap: a bucket for bundles, a repository for the image')
  const bootstrap = await deployStack(aws, {
    name: `${stack}-bootstrap`,
    template: ['--template-body', `file://${templateOf(root, 'bootstrap')}`],
    parameters: { Architecture: options.parameters.Architecture },
  })
  const { ArtifactBucket: bucket = '', ImageRepository = '', ImageProject = '' } = bootstrap.outputs

  console.log('\nBundles')
  for (const entry of ENTRIES) await bundle(entry, join(root, 'dist'))
  const upload = async (entry: string) =>
    uploadOnce(
      aws,
      { bucket, prefix: entry, extension: 'zip' },
      await zipBundle(join(root, 'dist', entry, 'index.cjs')),
    )
  const [HttpBundle, ReportBundle] = [await upload('http'), await upload('report')]

  console.log('\nImage of the build functions')
  const BuildImage =
    options.image ?? (await buildImage(aws, options, { root, bucket, ImageRepository, ImageProject }))
  if (options.image) console.log(`  ${options.image}, as it is`)

  console.log('\nStack')
  const state = await deployMain(aws, options, root, {
    ...options.parameters,
    ArtifactBucket: bucket,
    HttpBundle,
    ReportBundle,
    BuildImage,
  })
  console.log(describeEnd(state, options))
}

type Built = { root: string; bucket: string; ImageRepository: string; ImageProject: string }

async function buildImage(aws: Aws, options: Options, built: Built): Promise<string> {
  const source = await imageSource(aws, options, built.root)
  const { bucket, ImageRepository: repository, ImageProject: project } = built
  return ensureImage(aws, { bucket, repository, project }, source)
}

/** The processor counts for the tag: an image of the same content for another one is another image. */
async function imageSource(aws: Aws, options: Options, root: string): Promise<ImageSource> {
  const given = options.parameters.Architecture
  const standing = given ? null : await describeArchitecture(aws, options.stack)
  return readImageSource(root, options.dockerfile, given ?? standing ?? 'x86_64')
}

async function describeArchitecture(aws: Aws, stack: string): Promise<string | null> {
  const answer = await aws.ask('cloudformation', 'describe-stacks', '--stack-name', `${stack}-bootstrap`)
  const parameters: { ParameterKey: string; ParameterValue: string }[] = answer.ok
    ? (answer.value.Stacks[0].Parameters ?? [])
    : []
  return parameters.find(({ ParameterKey }) => ParameterKey === 'Architecture')?.ParameterValue ?? null
}

async function deployMain(
  aws: Account,
  { stack }: Options,
  root: string,
  given: Record<string, string>,
): Promise<StackState> {
  const file = templateOf(root, 'lambci')
  const text = await readFile(file, 'utf8')
  const names = parametersIn(text).map(({ name }) => name)
  const parameters = Object.fromEntries(names.map(name => [name, given[name]]))
  const kept = `${stack}-${aws.account}-${aws.region}`
  if (!(await settleStack(aws, stack)) && (await hasBucket(aws, kept))) {
    console.log(`  The bucket ${kept} is there, left by an earlier stack: the new one takes it over`)
    await adoptBucket(aws, stack, kept)
  }
  return deployStack(aws, { name: stack, template: ['--template-body', `file://${file}`], parameters })
}

const hasBucket = async (aws: Aws, bucket: string) =>
  (await aws.ask('s3api', 'head-bucket', '--bucket', bucket)).ok

function describeEnd({ outputs }: StackState, { stack }: Options): string {
  const setup = stack === 'lambci' ? 'npx lambci setup' : `npx lambci setup --stack ${stack}`
  return `
It stands.
  Webhook   ${outputs.WebhookUrl}
  Pages     ${outputs.Url}
  Bucket    ${outputs.Bucket}

Next: ${setup}    connects it with GitHub`
}

/** Says what a deploy would do. Only reads. */
export async function describeDeploy(aws: Account, options: Options, root: string): Promise<void> {
  const { stack, parameters, image } = options
  console.log(`A deploy of ${stack} to account ${aws.account}, ${aws.region}, would:`)
  const bootstrap = await describeStack(aws, `${stack}-bootstrap`)
  console.log(
    bootstrap ? `- bring ${stack}-bootstrap (${bootstrap.status}) up to date` : `- create ${stack}-bootstrap`,
  )
  for (const entry of ENTRIES) await bundle(entry, join(root, 'dist'))
  console.log('- upload the bundles of http and report, where they have changed')
  if (image) console.log(`- take the image ${image} as it is`)
  else {
    const { tag } = await imageSource(aws, options, root)
    const there = bootstrap && (await isBuilt(aws, bootstrap.outputs.ImageRepository ?? '', tag))
    console.log(there ? `- take the image ${tag}, which is there` : `- build the image ${tag} by CodeBuild`)
  }
  const standing = await describeStack(aws, stack)
  const set = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
  const with_ = set.length > 0 ? ` with ${set.join(', ')}` : ''
  console.log(
    standing ? `- bring ${stack} (${standing.status}) up to date${with_}` : `- create ${stack}${with_}`,
  )
  console.log('Nothing has been changed.')
}
