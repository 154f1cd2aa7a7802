import { type Artifact, type ArtifactSpec, artifactListKey, artifactsSchema } from '../model/artifact.ts'
import { titleOf } from '../model/job.ts'
import { UserError } from '../model/user-error.ts'
import { z } from '../model/zod.ts'
import { type Assignment, artifactsOf, neededArtifacts } from '../planning/assignment.ts'
import type { BuildPlan } from '../planning/plan.ts'
import type { PlannedJob } from '../planning/planned-job.ts'
import { type BuildRef, type JobRef, keptPrefix, outPrefix } from '../records/keys.ts'
import type { ArtifactContext } from './artifact-context.ts'
import { packArtifacts } from './pack-artifacts.ts'
import { type NeededArtifact, unpackArtifacts } from './unpack-artifacts.ts'

const JSON_TYPE = 'application/json'
/** 20 artifacts with 20 paths of 300 characters each. */
const LIST_BYTES = 256 * 1024

/** Packs the artifacts that a job leaves, and lists them for the jobs that need it. */
export async function leaveArtifacts(
  context: ArtifactContext,
  ref: BuildRef & { job: JobRef },
  job: PlannedJob,
  passed: boolean,
): Promise<Artifact[]> {
  const specs = artifactsOf(job)
  if (specs.length === 0) return []
  const prefix = outPrefix(ref, ref.job)
  const artifacts = await packArtifacts(context, prefix, specs, passed)
  if (artifacts.length > 0)
    await context.store.putOnce(artifactListKey(prefix), Buffer.from(JSON.stringify(artifacts)), JSON_TYPE)
  return artifacts
}

/** An attempt of another job, in the same build or, for a job that was taken over, in the build that ran it. */
type NeededJob = JobRef & { title: string; build?: number | undefined; isKept?: boolean | undefined }

/** The assignment of an invocation, and the attempts of other jobs whose artifacts it gets. */
type Taking = { plan: BuildPlan; assignment: Assignment; needs: readonly NeededJob[] }

/**
 * Brings the artifacts of other jobs into the workspace.
 * @throws UserError if one cannot be used
 */
export async function takeArtifacts(
  context: ArtifactContext,
  build: BuildRef,
  { plan, assignment, needs }: Taking,
): Promise<void> {
  const all = [...plan.jobs, ...plan.earlierJobs].map(from => ({
    title: titleOf(from),
    declared: neededArtifacts(assignment, from),
  }))
  const sources = all.flatMap(from => {
    const job = needs.find(({ title }) => title === from.title)
    return job ? [{ ...from, job }] : []
  })
  const stage = assignment.deploy?.stage ?? null
  const found = sources.map(source => artifactsFrom(context, { ...build, stage }, source))
  const needed = (await Promise.all(found)).flat()
  if (assignment.deploy) requireArtifacts(all, needed)
  await unpackArtifacts(context, needed)
}

/**
 * Ensures that a deploy has all of its artifacts. Without one, it would not deploy what was tested.
 * @throws UserError if one is missing
 */
function requireArtifacts(
  all: readonly Pick<Source, 'title' | 'declared'>[],
  found: readonly NeededArtifact[],
): void {
  const isFound = (name: string, from: string) =>
    found.some(each => each.from === from && each.artifact.name === name)
  const [missing] = all.flatMap(({ title, declared }) =>
    declared.flatMap(({ name }) => (isFound(name, title) ? [] : name)),
  )
  if (missing === undefined) return
  throw new UserError(
    `The artifact ${missing}, which the deploy needs, is not there: a job that failed leaves none, and artifacts expire after 30 days. "lambci deploy" runs the job that makes it again.`,
  )
}

/** A job whose artifacts are needed, and its declarations of them. */
type Source = { job: NeededJob; title: string; declared: readonly ArtifactSpec[] }

async function artifactsFrom(
  { store, logLine }: ArtifactContext,
  { project, number, stage }: BuildRef & { stage: string | null },
  { job, title, declared }: Source,
): Promise<NeededArtifact[]> {
  if (declared.length === 0) return []
  const of = job.build ?? number
  const prefix =
    job.isKept && stage !== null
      ? keptPrefix({ project, stage }, { ...job, build: of })
      : outPrefix({ project, number: of }, job)
  const left = await readList(store, prefix, title)
  const found: NeededArtifact[] = []
  for (const { name, paths } of declared) {
    const artifact = left.find(each => each.name === name)
    if (artifact) found.push({ artifact, declared: paths, prefix, from: title })
    // A job with an allowed failure has left only the artifacts that are always packed.
    else await logLine(`Artifact ${name}: ${title} has left none.`)
  }
  return found
}

async function readList(store: ArtifactContext['store'], prefix: string, title: string): Promise<Artifact[]> {
  const body = await store.getRange(artifactListKey(prefix), 0, LIST_BYTES)
  if (!body) return []
  try {
    return artifactsSchema.parse(JSON.parse(Buffer.from(body).toString()))
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error
    throw new UserError(`The list of artifacts that ${title} has left cannot be read. Rebuild the commit.`)
  }
}
