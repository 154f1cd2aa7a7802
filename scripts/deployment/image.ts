import { uploadOnce, zip } from './artifacts.ts'
import type { Aws, Json } from './aws.ts'
import { DeployFailure, pause } from './failure.ts'
import type { ImageSource } from './image-source.ts'

export type ImagePlace = { bucket: string; repository: string; project: string }

const nameOf = (repository: string) => repository.slice(repository.indexOf('/') + 1)

export async function isBuilt(aws: Aws, repository: string, tag: string): Promise<boolean> {
  const image = ['--repository-name', nameOf(repository), '--image-ids', `imageTag=${tag}`]
  return (await aws.find(/^ImageNotFoundException:/, 'ecr', 'describe-images', ...image)) !== null
}

/** Has the image built by CodeBuild, unless it is there; a build of it that is under way is waited for. Answers its URI. */
export async function ensureImage(aws: Aws, place: ImagePlace, source: ImageSource): Promise<string> {
  const { repository, project } = place
  const uri = `${repository}:${source.tag}`
  if (await isBuilt(aws, repository, source.tag)) {
    console.log(`  ${source.tag} is there already`)
    return uri
  }
  const underWay = await findBuild(aws, project, source.tag)
  if (underWay) console.log(`  ${source.tag} is being built already (${underWay})`)
  await followBuild(aws, underWay ?? (await startBuild(aws, place, source)))
  return uri
}

async function startBuild(aws: Aws, { bucket, project }: ImagePlace, source: ImageSource): Promise<string> {
  const key = await uploadOnce(aws, { bucket, prefix: 'image' }, zip(source.files))
  const variables = [`name=IMAGE_TAG,value=${source.tag}`, `name=DOCKERFILE,value=${source.dockerfile}`]
  const { build } = await aws.demand(
    ...['codebuild', 'start-build', '--project-name', project, '--source-type-override', 'S3'],
    ...['--source-location-override', `${bucket}/${key}`, '--environment-variables-override', ...variables],
  )
  console.log(`  building ${source.tag} (${build.id}); the first time takes some minutes`)
  return build.id
}

const describeBuilds = async (aws: Aws, ids: readonly string[]): Promise<Json[]> =>
  ids.length === 0 ? [] : (await aws.demand('codebuild', 'batch-get-builds', '--ids', ...ids)).builds

/** A build of this tag that an earlier run has started, and that still goes on. */
async function findBuild(aws: Aws, project: string, tag: string): Promise<string | null> {
  const newest = ['--project-name', project, '--max-items', '5']
  const { ids } = await aws.demand('codebuild', 'list-builds-for-project', ...newest)
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

const inWords = (name: string) => name.toLowerCase().replaceAll('_', ' ')

async function followBuild(aws: Aws, id: string): Promise<void> {
  const delivered = new Set<string>()
  for (;;) {
    const [build] = await describeBuilds(aws, [id])
    const phases: Phase[] = build?.phases ?? []
    for (const { phaseType, phaseStatus = 'IN_PROGRESS', durationInSeconds = 0 } of phases) {
      if (phaseStatus === 'IN_PROGRESS' || delivered.has(phaseType)) continue
      delivered.add(phaseType)
      console.log(`  ${inWords(phaseStatus).padEnd(16)} ${inWords(phaseType)} (${durationInSeconds} s)`)
    }
    if (build?.buildStatus === 'SUCCEEDED') return
    if (build?.buildStatus !== 'IN_PROGRESS') throw new DeployFailure(describeFailedBuild(aws, build))
    await pause()
  }
}

function describeFailedBuild({ place }: Aws, build: Json): string {
  const phases: Phase[] = build?.phases ?? []
  const failed = phases.find(({ phaseStatus = 'SUCCEEDED' }) => phaseStatus !== 'SUCCEEDED')
  const messages = (failed?.contexts ?? []).map(({ message = '' }) => message)
  const reason = messages.join(' ').trim() || inWords(build?.buildStatus ?? 'it has gone')
  const { groupName, streamName, deepLink } = build?.logs ?? {}
  const log = groupName
    ? `\nIts log: aws logs tail ${groupName} --log-stream-names ${streamName} --since 2h${place}${deepLink ? `\n      or ${deepLink}` : ''}`
    : ''
  return `The image could not be built, in the phase ${inWords(failed?.phaseType ?? 'submitted')}: ${reason}${log}\nPut it right, and run this again.`
}
