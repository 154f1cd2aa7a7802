import type { Build } from '../model/build.ts'
import type { BuildStatus } from '../model/conclusion.ts'
import type { Deploy, JobRun } from './job-run.ts'
import type { BuildEnd, Report } from './report-record.ts'

/** What is on record about one build; a missing record is null. */
export type Records = { build: Build; run: JobRun | null; report: Report | null }

/** The fields of a build that people may see. A new field of `Build` is private until it is listed here. */
const PUBLIC_FIELDS = [
  ...([
    'project',
    'repository',
    'number',
    'trigger',
    'branch',
    'defaultBranch',
    'commit',
    'baseCommit',
  ] as const),
  ...([
    'cloneRepository',
    'checkoutBranch',
    'pullRequest',
    'isFork',
    'isPrivate',
    'trust',
    'target',
  ] as const),
  ...(['message', 'author', 'committers', 'queuedAt'] as const),
] satisfies readonly (keyof Build)[]
type PublicBuild = Pick<Build, (typeof PUBLIC_FIELDS)[number]>

/** A build as pages, commands, statuses and notifications show it. */
export type View = PublicBuild & {
  status: BuildStatus
  reason: string | null
  startedAt: string | null
  endedAt: string | null
  exit: JobRun['exit']
  stage: string | null
  /** The commit that merges a pull request into its base, if that is tested instead of `commit`. */
  merge: string | null
  deploy: Deploy | null
  log: JobRun['log']
  timings: JobRun['timings']
  runner: JobRun['runner'] | null
  /** An estimate in US dollars; null before the end. */
  cost: number | null
}

/** A pure function of the records. The end that report accepted outweighs what the job says. */
export function viewOf({ build, run, report }: Records): View {
  const end = report?.end ?? null
  const fields = Object.fromEntries(PUBLIC_FIELDS.map(field => [field, build[field]]))
  return {
    ...(fields as PublicBuild),
    status: statusOf(run, end),
    reason: end ? end.reason : (run?.reason ?? null),
    startedAt: run?.startedAt ?? null,
    endedAt: end?.endedAt ?? run?.endedAt ?? null,
    exit: run?.exit ?? null,
    stage: run?.plan?.stage ?? null,
    merge: build.event === 'pull_request' ? (run?.plan?.merge ?? null) : null,
    deploy: end ? end.deploy : (run?.deploy ?? null),
    log: run?.log ?? null,
    timings: run?.timings ?? {},
    runner: run?.runner ?? null,
    cost: report?.cost ?? null,
  }
}

function statusOf(run: JobRun | null, end: BuildEnd | null): BuildStatus {
  const ended = end ?? (run?.phase === 'ended' ? run : null)
  // Passed is only what has done everything that it set out to do.
  if (ended) return ended.deploy?.status === 'waiting' ? 'deploying' : (ended.conclusion ?? 'errored')
  return run === null || run.phase === 'claimed' || run.phase === 'ended' ? 'queued' : run.phase
}
