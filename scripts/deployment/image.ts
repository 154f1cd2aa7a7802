import { uploadIfMissing, zip } from './artifacts.ts'
import type { Aws, Json } from './aws.ts'
import type { Context } from './context.ts'
import { DeployFailure } from './failure.ts'
import type { ImageSource } from './image-source.ts'

export type ImageResources = { bucket: string; repository: string; project: string }

const nameOf = (repository: string) => repository.slice(repository.indexOf('/') + 1)

export async function isBuilt(aws: Aws, repository: string, tag: string): Promise<boolean> {
  const image = ['--repository-name', nameOf(repository), '--image-ids', `imageTag=${tag}`]
  return (await aws.find(/^ImageNotFoundException:/, 'ecr', 'describe-images', ...image)) !== null
}

/**
 * Builds the image with CodeBuild, unless it exists or is already being built. Waits for the build. Returns the URI.
 */
export async function ensureImage(
  context: Context,
  resources: ImageResources,
  source: ImageSource,
): Promise<string> {
  const { aws, print } = context
  const { repository, project } = resources
  const uri = `${repository}:${source.tag}`
  if (await isBuilt(aws, repository, source.tag)) {
    print(`  ${source.tag} already exists`)
    return uri
  }
  const running = await findBuild(aws, project, source.tag)
  if (running) print(`  ${source.tag} is already being built (${running})`)
  await followBuild(context, running ?? (await startBuild(context, resources, source)))
  return uri
}

async function startBuild(
  context: Context,
  { bucket, project }: ImageResources,
  source: ImageSource,
): Promise<string> {
  const { aws, print } = context
  const key = await uploadIfMissing(context, { bucket, prefix: 'image' }, zip(source.files))
  const variables = [`name=IMAGE_TAG,value=${source.tag}`, `name=DOCKERFILE,value=${source.dockerfile}`]
  const { build } = await aws.run(
    ...['codebuild', 'start-build', '--project-name', project, '--source-type-override', 'S3'],
    ...['--source-location-override', `${bucket}/${key}`, '--environment-variables-override', ...variables],
  )
  print(`  building ${source.tag} (${build.id}); the first build takes some minutes`)
  return build.id
}

const describeBuilds = async (aws: Aws, ids: readonly string[]): Promise<Json[]> =>
  ids.length === 0 ? [] : (await aws.run('codebuild', 'batch-get-builds', '--ids', ...ids)).builds

/** Finds a running build of this tag that an earlier deploy started. Returns its id; null if there is none. */
async function findBuild(aws: Aws, project: string, tag: string): Promise<string | null> {
  const newest = ['--project-name', project, '--max-items', '5']
  const { ids } = await aws.run('codebuild', 'list-builds-for-project', ...newest)
  const isOfTag = ({ environment }: Json) =>
    environment?.environmentVariables?.some(({ name, value }: Json) => name === 'IMAGE_TAG' && value === tag)
  const builds = await describeBuilds(aws, ids ?? [])
  return builds.find(build => build.buildStatus === 'IN_PROGRESS' && isOfTag(build))?.id ?? null
}

type Phase = {
  phaseType: string
  phaseStatus?: string
  contexts?: { message?: string }[]
  durationInSeconds?: number
}

const humanize = (name: string) => name.toLowerCase().replaceAll('_', ' ')

async function followBuild({ aws, print, pause }: Context, id: string): Promise<void> {
  const printed = new Set<string>()
  for (;;) {
    const [build] = await describeBuilds(aws, [id])
    const phases: Phase[] = build?.phases ?? []
    for (const { phaseType, phaseStatus = 'IN_PROGRESS', durationInSeconds = 0 } of phases) {
      if (phaseStatus === 'IN_PROGRESS' || printed.has(phaseType)) continue
      printed.add(phaseType)
      print(`  ${humanize(phaseStatus).padEnd(16)} ${humanize(phaseType)} (${durationInSeconds} s)`)
    }
    if (build?.buildStatus === 'SUCCEEDED') return
    if (build?.buildStatus !== 'IN_PROGRESS') throw new DeployFailure(describeFailedBuild(aws, build))
    await pause()
  }
}

function describeFailedBuild({ cliOptions }: Aws, build: Json): string {
  const phases: Phase[] = build?.phases ?? []
  const failed = phases.find(({ phaseStatus = 'SUCCEEDED' }) => phaseStatus !== 'SUCCEEDED')
  const messages = (failed?.contexts ?? []).map(({ message = '' }) => message)
  const reason = messages.join(' ').trim() || humanize(build?.buildStatus ?? 'the build no longer exists')
  const { groupName, streamName, deepLink } = build?.logs ?? {}
  const log = groupName
    ? `\nLog: aws logs tail ${groupName} --log-stream-names ${streamName} --since 2h${cliOptions}${deepLink ? `\n      or ${deepLink}` : ''}`
    : ''
  return `Building the image failed in the phase ${humanize(failed?.phaseType ?? 'submitted')}: ${reason}${log}\nFix the error and deploy again.`
}
