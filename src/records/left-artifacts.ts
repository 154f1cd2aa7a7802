import { ARTIFACT_DAYS, type Artifact, artifactKey } from '../model/artifact.ts'
import { artifactNameOf } from '../model/artifact-name.ts'
import { ONLY_JOB, titleOf } from '../model/job.ts'
import { readOnce } from './kept-reads.ts'
import { type AttemptRef, jobKeys, LEAD, outPrefix } from './keys.ts'
import { type AcceptedJob, MOST_PLANNED_JOBS } from './plan-record.ts'
import { readRun } from './read-records.ts'
import type { JobState } from './report-record.ts'
import { sizeOf } from './size-of.ts'
import type { Store } from './store.ts'
import type { Records } from './view.ts'

/** An artifact of a build, as people see it. */
export type LeftArtifact = Artifact & {
  /** The title of the job that has packed it. */
  job: string
  /** The place of its archive and its list. */
  prefix: string
  /** The last day (UTC) on which it is kept, such as `2026-12-27`. */
  lastDay: string
}

/** The attempt of a job that counts, if its own end counts, too. */
type Packer = {
  job: string
  ref: AttemptRef
  /** The names that its artifacts may have; null for any. */
  names: readonly string[] | null
  since: string
}

/**
 * The artifacts of a build, as listed by ended jobs in the record that report has accepted. `unread`: the number of jobs with possible
 * artifacts that were not read, because there are more than `mostJobs`.
 */
export async function listArtifacts(
  store: Store,
  records: Records,
  mostJobs = MOST_PLANNED_JOBS,
): Promise<{ artifacts: LeftArtifact[]; unread: number }> {
  const packers = packersOf(records)
  const read = packers.slice(0, mostJobs)
  const lists = await Promise.all(read.map(packer => readLeft(store, records, packer)))
  return { artifacts: lists.flat(), unread: packers.length - read.length }
}

/** The artifact of a build with this name. `isThere`: whether its archive is stored, with the size on record. Null if there is none. */
export async function findArtifact(
  store: Store,
  records: Records,
  name: string,
): Promise<{ artifact: LeftArtifact; isThere: boolean } | null> {
  const packer = packersOf(records).find(({ names }) => names === null || names.includes(name))
  const left = packer ? await readLeft(store, records, packer) : []
  const artifact = left.find(each => each.name === name)
  if (!artifact) return null
  const size = await sizeOf(store, artifactKey(artifact.prefix, artifact))
  return { artifact, isThere: size === artifact.bytes }
}

function packersOf({ build, report, run, plan }: Records): Packer[] {
  if (!report) return []
  if (plan) {
    const states = new Map(report.jobs.map(state => [state.key, state]))
    return plan.jobs.flatMap(job => packerOf(build.number, job, states.get(job.key)) ?? [])
  }
  if (!report.end || report.jobs.length > 0 || !isEnd(report.leadRecord)) return []
  const ref = { build: build.number, ...LEAD }
  return [{ job: ONLY_JOB, ref, names: null, since: run?.startedAt ?? build.queuedAt }]
}

function packerOf(build: number, job: AcceptedJob, state: JobState | undefined): Packer | null {
  if (!job.artifacts?.length) return null
  const own = { job: titleOf(job), names: job.artifacts.map(name => artifactNameOf(name, job)) }
  const { passedIn } = job
  if (passedIn) {
    const since = passedIn.startedAt ?? passedIn.endedAt
    return since ? { ...own, ref: passedIn, since } : null
  }
  const since = state?.startedAt ?? state?.endedAt
  if (!state || !since || state.conclusion === null || !isEnd(state.record)) return null
  return { ...own, ref: { build, key: state.key, attempt: state.attempt }, since }
}

/** Undefined: an earlier version accepted the end without noting its record. */
const isEnd = (record: JobState['record']) => record === undefined || record === 'end'

async function readLeft(
  store: Store,
  { build: { project } }: Records,
  { job, ref, names, since }: Packer,
): Promise<LeftArtifact[]> {
  const build = { project, number: ref.build }
  const key = jobKeys(build, ref).record('end')
  const run = await readOnce(store, key, () => readRun(store, key))
  if (run?.phase !== 'ended') return []
  const prefix = outPrefix(build, ref)
  const byName = new Map(run.artifacts.map(artifact => [artifact.name, artifact]))
  return [...byName.values()]
    .filter(({ name }) => names === null || names.includes(name))
    .map(artifact => ({ ...artifact, job, prefix, lastDay: lastDayOf(since) }))
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Counted from the start of the job, so that it is never too late. */
const lastDayOf = (since: string) =>
  new Date(Date.parse(since) + ARTIFACT_DAYS * DAY_MS).toISOString().slice(0, 10)

/** Whether the last day of an artifact is over. Its archive may exist for some more hours. */
export const isExpired = ({ lastDay }: Pick<LeftArtifact, 'lastDay'>, now: Date): boolean =>
  now.toISOString().slice(0, 10) > lastDay

/** An artifact as JSON, for programs. */
export const jsonOfArtifact = ({
  name,
  job,
  bytes,
  sha256,
  unpackedBytes,
  files,
  paths,
  lastDay,
}: LeftArtifact) => ({ name, job, bytes, sha256, unpackedBytes, files, paths, lastDay })
