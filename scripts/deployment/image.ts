import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../../src/problem.ts'
import { hashOf, uploadOnce, zip } from './artifacts.ts'
import type { Aws, Json } from './aws.ts'
import { DeployFailure, pause } from './failure.ts'

export type ImageSource = { files: Record<string, Uint8Array>; dockerfile: string; tag: string }

/**
 * What the image is built from: the Dockerfile, what lies beside it, and the bundle. Its tag is the hash of all that, so
 * that an image is built once.
 */
export async function readImageSource(
  root: string,
  dockerfile: string | undefined,
  architecture: string,
): Promise<ImageSource> {
  const names = (await readdir(join(root, 'image'))).map(name => join('image', name)).toSorted()
  const files: Record<string, Uint8Array> = {}
  for (const name of [...names, join('dist', 'build', 'index.cjs')])
    files[name] = await readFile(join(root, name))
  if (dockerfile !== undefined) {
    files.Dockerfile = await readFile(dockerfile).catch(() => {
      throw new Problem(`There is no Dockerfile at ${dockerfile}: give its path with --dockerfile.`)
    })
  }
  const chosen = dockerfile === undefined ? 'image/Dockerfile' : 'Dockerfile'
  const parts = Object.entries(files).flatMap(([name, bytes]) => [name, bytes])
  return { files, dockerfile: chosen, tag: hashOf(architecture, chosen, ...parts) }
}

export type ImagePlace = { bucket: string; repository: string; project: string }

const nameOf = (repository: string) => repository.slice(repository.indexOf('/') + 1)

export async function isBuilt(aws: Aws, repository: string, tag: string): Promise<boolean> {
  const name = ['--repository-name', nameOf(repository), '--image-ids', `imageTag=${tag}`]
  return (await aws.ask('ecr', 'describe-images', ...name)).ok
}

/** Has the image built by CodeBuild, unless it is there; a build of it that is under way is waited for. Answers its URI. */
export async function ensureImage(aws: Aws, place: ImagePlace, source: ImageSource): Promise<string> {
  const { bucket, repository, project } = place
  const uri = `${repository}:${source.tag}`
  if (await isBuilt(aws, repository, source.tag)) {
    console.log(`  ${source.tag} is there already`)
    return uri
  }
  let id = await findBuild(aws, project, source.tag)
  if (id) console.log(`  ${source.tag} is being built already (${id})`)
  else {
    const key = await uploadOnce(aws, { bucket, prefix: 'image', extension: 'zip' }, zip(source.files))
    const variables = [`name=IMAGE_TAG,value=${source.tag}`, `name=DOCKERFILE,value=${source.dockerfile}`]
    const started = await aws.demand(
      ...['codebuild', 'start-build', '--project-name', project, '--source-type-override', 'S3'],
      ...['--source-location-override', `${bucket}/${key}`, '--environment-variables-override', ...variables],
    )
    id = String(started.build.id)
    console.log(`  building ${source.tag} (${id}); the first time takes some minutes`)
  }
  await followBuild(aws, id)
  return uri
}

const describeBuild = async (aws: Aws, ids: readonly string[]): Promise<Json[]> =>
  ids.length === 0 ? [] : (await aws.demand('codebuild', 'batch-get-builds', '--ids', ...ids)).builds

/** A build of this tag that an earlier run has started, and that still goes on. */
async function findBuild(aws: Aws, project: string, tag: string): Promise<string | null> {
  const { ids } = await aws.demand(
    'codebuild',
    'list-builds-for-project',
    '--project-name',
    project,
    '--max-items',
    '5',
  )
  const builds = await describeBuild(aws, ids ?? [])
  const isOfTag = ({ environment }: Json) =>
    environment?.environmentVariables?.some(({ name, value }: Json) => name === 'IMAGE_TAG' && value === tag)
  return builds.find(build => build.buildStatus === 'IN_PROGRESS' && isOfTag(build))?.id ?? null
}

type Phase = {
  phaseType: string
  phaseStatus?: string
  contexts?: { message?: string }[]
  durationInSeconds?: number
}

async function followBuild(aws: Aws, id: string): Promise<void> {
  const told = new Set<string>()
  for (;;) {
    const [build] = await describeBuild(aws, [id])
    const phases: Phase[] = build?.phases ?? []
    for (const { phaseType, phaseStatus, durationInSeconds = 0 } of phases) {
      if (!phaseStatus || told.has(phaseType)) continue
      told.add(phaseType)
      console.log(
        `  ${phaseStatus.toLowerCase().padEnd(16)} ${phaseType.toLowerCase().replaceAll('_', ' ')} (${durationInSeconds} s)`,
      )
    }
    if (build?.buildStatus === 'SUCCEEDED') return
    if (build?.buildStatus !== 'IN_PROGRESS')
      throw new DeployFailure(describeFailedBuild(build, phases, aws.region))
    await pause()
  }
}

function describeFailedBuild(build: Json, phases: readonly Phase[], region: string): string {
  const failed = phases.find(({ phaseStatus }) => phaseStatus && phaseStatus !== 'SUCCEEDED')
  const message = failed?.contexts
    ?.map(({ message = '' }) => message)
    .join(' ')
    .trim()
  const { groupName, streamName } = build?.logs ?? {}
  const log = groupName
    ? ` Its log: aws logs tail ${groupName} --log-stream-names ${streamName} --region ${region}`
    : ''
  return `The image could not be built: ${failed?.phaseType.toLowerCase() ?? 'the build'} ${message || build?.buildStatus || 'has gone'}.${log}\nPut it right, and run this again.`
}
