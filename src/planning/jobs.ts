import { jobKey } from '../config/cascade.ts'
import type { Config } from '../config/config.ts'
import { accessOfJob, explainWithheldRole, NO_ACCESS } from '../config/job-access.ts'
import { type JobConfig, splitIn } from '../config/jobs/job-config.ts'
import type { Resolved } from '../config/resolve.ts'
import { mostJobs, ONLY_JOB } from '../model/job.ts'
import { type JobCount, requireFewJobs } from './job-count.ts'
import { jobsIn, requireUsableJobs } from './job-errors.ts'
import { decideTakingPart } from './left-out.ts'
import type { Cell } from './matrix.ts'
import { noteUnusedVariables } from './matrix-notes.ts'
import { artifactNames, type Jobs, orderByNeeds } from './needs.ts'
import type { JobReason, PlannedJob } from './planned-job.ts'
import type { PlanInput } from './reason.ts'
import { toShellText } from './shell-text.ts'
import { type Dividing, divide, noteFewerShards, type PlannedSplit, WITHOUT_SECONDS } from './split.ts'

/** The jobs of a build. */
type PlannedJobs = {
  jobs: readonly PlannedJob[]
  takingPart: readonly JobReason[]
  leftOut: readonly JobReason[]
  /** For the jobs that take part and are divided by files. */
  splits: readonly PlannedSplit[]
  notes: readonly string[]
}

/**
 * Plans the jobs of a build: those of its files that take part, one for each cell and each shard; or the one of `cmd`.
 * @throws UserError if the files are wrong, or if there are more jobs than allowed
 */
export function planJobs(
  build: PlanInput,
  resolved: Resolved,
  dividing: Dividing = WITHOUT_SECONDS,
): PlannedJobs {
  const { config, changedFiles, account } = resolved
  const cells = requireUsableJobs(resolved)
  if (config.jobs === null) return withAccess(build, resolved, { jobs: [onlyJob(config)], ...NO_REASONS })
  const jobs = jobsIn(config)
  const decisions = [...jobs].map(([name, job]) => ({
    name,
    job,
    ...decideTakingPart(name, job, build, changedFiles),
  }))
  const [leftOut, takingPart] = [true, false].map(isLeftOut =>
    decisions.filter(each => each.isLeftOut === isLeftOut).map(({ name, reason }) => ({ name, reason })),
  ) as [JobReason[], JobReason[]]
  const taking: Jobs = new Map([...jobs].filter(([name]) => takingPart.some(each => each.name === name)))
  const counts = [...taking].map(([name, job]) => ({
    name,
    cells: cells.get(name)?.length ?? 0,
    shards: shardCount(name, job, []),
  }))
  requireFewJobs(counts, resolved, build.trust)
  const most = mostJobs(account.maxJobs, build.trust)
  const splits = dividedJobs(taking, counts, { most, resolved, dividing })
  return withAccess(build, resolved, {
    jobs: expandJobs(taking, cells, config, splits),
    takingPart,
    leftOut,
    splits,
    notes: [
      ...noteFewerShards(splits, most),
      ...[...taking].flatMap(([name, job]) => [
        ...noteMissingArtifacts(name, job, jobs, taking),
        ...noteUnusedVariables(name, job, setupOf(job, config)),
      ]),
    ],
  })
}

const NO_REASONS = { takingPart: [], leftOut: [], splits: [], notes: [] }

/** Divides the files of jobs that files divide, as far as the other jobs leave room for shards. */
function dividedJobs(
  jobs: Jobs,
  counts: readonly JobCount[],
  { most, resolved, dividing }: { most: number; resolved: Resolved; dividing: Dividing },
): PlannedSplit[] {
  const { commitFiles, jobSources } = resolved
  const divided = counts.flatMap(({ name, cells }) => {
    const split = splitIn(jobs.get(name) ?? { shards: null })
    return split ? [{ name, cells, split, source: jobSources.get(jobKey(name, 'shards')) ?? '' }] : []
  })
  const others = counts.filter(({ name }) => divided.every(each => each.name !== name))
  const left = most - others.reduce((sum, { cells, shards }) => sum + cells * (shards ?? 1), 0)
  return divide(divided, commitFiles, left, dividing)
}

/** These jobs with the access that the account gives them, and notes on roles that it withholds. */
function withAccess(build: PlanInput, { account }: Resolved, planned: PlannedJobs): PlannedJobs {
  const names = new Set(planned.jobs.map(({ name }) => name))
  const withheld = [...names].map(name => explainWithheldRole(account, build, name))
  return {
    ...planned,
    jobs: planned.jobs.map(job => ({ ...job, access: accessOfJob(account, build, job.name) })),
    notes: [...planned.notes, ...withheld.filter(note => note !== null)],
  }
}

/**
 * These jobs, one for each cell and each shard (one for a job whose files are not divided yet), each after those that it needs, without
 * the access that the account gives. Needs that are not among these jobs are left out.
 */
export function expandJobs(
  jobs: Jobs,
  cells: ReadonlyMap<string, readonly Cell[]>,
  config: Config,
  splits: readonly PlannedSplit[] = [],
): PlannedJob[] {
  const ordered = orderByNeeds(jobs)
  const names = 'order' in ordered ? ordered.order : []
  return names.flatMap(name => {
    const job = jobs.get(name)
    if (!job) return []
    return (cells.get(name) ?? []).flatMap(cell =>
      shardsOf(shardCount(name, job, splits)).map(shard =>
        plannedJob({ name, cell, shard }, job, config, jobs),
      ),
    )
  })
}

/** The job of a `cmd`, which runs as LambCI ran it, without the access that the account gives. */
export const onlyJob = (config: Config): PlannedJob => ({
  name: ONLY_JOB,
  cell: {},
  shard: null,
  ...toShellText(config.cmd ?? '', config.setup, false),
  env: {},
  timeoutSeconds: config.timeout,
  retry: config.retry,
  needs: [],
  artifacts: config.artifacts.map(({ name, ...rest }) => ({ name: name ?? ONLY_JOB, ...rest })),
  tests: config.tests,
  cache: config.cache,
  secrets: null,
  access: NO_ACCESS,
  allowFailure: false,
})

type Identity = { name: string; cell: Cell; shard: PlannedJob['shard'] }

const plannedJob = (
  { name, cell, shard }: Identity,
  job: JobConfig,
  config: Config,
  taking: Jobs,
): PlannedJob => ({
  name,
  cell,
  shard,
  ...toShellText(job.cmd ?? '', setupOf(job, config), true),
  env: { ...job.env, ...cell },
  timeoutSeconds: job.timeout ?? config.timeout,
  retry: job.retry ?? config.retry,
  needs: job.needs.filter(need => taking.has(need.job)),
  artifacts: job.artifacts.map(artifact => ({ ...artifact, name: artifact.name ?? name })),
  tests: job.tests,
  cache: job.cache ?? config.cache,
  secrets: job.secrets,
  access: NO_ACCESS,
  allowFailure: job.allowFailure,
  ...splitPart(splitIn(job)),
})

const splitPart = (split: ReturnType<typeof splitIn>): Pick<PlannedJob, 'split'> => (split ? { split } : {})

const setupOf = ({ setup }: JobConfig, config: Config) => (setup === undefined ? config.setup : setup)

const shardCount = (name: string, job: JobConfig, splits: readonly PlannedSplit[]): number | null =>
  typeof job.shards === 'number' || job.shards === null
    ? job.shards
    : (splits.find(split => split.job === name)?.shards ?? 1)

const shardsOf = (count: number | null): PlannedJob['shard'][] =>
  count === null ? [null] : Array.from({ length: count }, (_, at) => ({ index: at + 1, count }))

/** A job also runs if one that it needs is left out, but then without its artifacts. */
const noteMissingArtifacts = (name: string, { needs }: JobConfig, jobs: Jobs, taking: Jobs): string[] =>
  needs.flatMap(({ job, artifacts }) => {
    const needed = jobs.get(job)
    if (!needed || taking.has(job)) return []
    const missing = artifacts ?? artifactNames(job, needed)
    return missing.length === 0
      ? []
      : [`Job ${name} runs without ${missing.join(', ')}, because ${job} is left out.`]
  })
