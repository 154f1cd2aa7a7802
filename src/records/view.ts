import type { Build } from '../model/build.ts'
import { isAllowedFailure } from '../model/conclude-jobs.ts'
import type { BuildStatus, Conclusion } from '../model/conclusion.ts'
import { type JobIdentity, titleOf } from '../model/job.ts'
import { type TestCounts, unpackCounts } from '../model/tests.ts'
import { type FailedJob, type ResultView, resultsOf } from './failure-view.ts'
import type { JobRun } from './job-run.ts'
import type { AttemptRef } from './keys.ts'
import type { PassedIn, PlanRecord } from './plan-record.ts'
import { PUBLIC_FIELDS, type PublicBuild } from './public-build.ts'
import type { BuildEnd, Deploy, Report } from './report-record.ts'

/** The records of one build; a missing record is null. */
export type Records = {
  build: Build
  /** The lead's run. */
  run: JobRun | null
  report: Report | null
  /** The plan of a build with several jobs. */
  plan?: PlanRecord | null
  /** The run of the only job of a plan, if it was read. */
  onlyRun?: JobRun | null
  failed?: FailedJob | null
}

/**
 * The state of a job. `waiting`: it has not been started; `queued`: report has not heard from it yet; `left-out`: it does not take part.
 */
export type JobStatus = 'waiting' | 'queued' | 'running' | Conclusion | 'left-out'

export type EarlierAttempt = 'failed' | 'died'

/** One job of a build, as shown by pages and commands. */
export type JobView = {
  /** Its ordinal within the build; null if it does not take part. */
  key: number | null
  /** Its own log; null if it has none. The log of a job that was taken over is in another build. */
  ref: AttemptRef | null
  /** For a retry: the number of the build in which it passed, if it was taken over from there. */
  passedIn: number | null
  /** The ends of the attempts before the one that counts, in order. Each has its own log. */
  earlierAttempts: readonly EarlierAttempt[]
  /** Whether it has passed after an attempt that failed. */
  isFlaky: boolean
  name: string
  /** Its number among the equal parts of a job; null if it is not divided. */
  shard: JobIdentity['shard']
  /** The title of its whole job, without the shard. */
  whole: string
  /** `unit (4/8)`, `node (NODE=22)` */
  title: string
  status: JobStatus
  /** Whether its failure is allowed. */
  isAllowedFailure: boolean
  isDeploy: boolean
  /** The names of the jobs that it needs. */
  needs: readonly string[]
  reason: string | null
  exit: JobRun['exit']
  startedAt: string | null
  endedAt: string | null
  cost: number | null
  /** Its test counts; null without any. */
  tests: TestCounts | null
  /** Whether its reason names its failure. */
  isNamed: boolean
}

/** A build, as shown by pages, commands, statuses and notifications. */
export type View = PublicBuild &
  ResultView & {
    status: BuildStatus
    /** Whether it has passed, but not all of its jobs at the first attempt. */
    isFlaky: boolean
    reason: string | null
    startedAt: string | null
    endedAt: string | null
    exit: JobRun['exit']
    stage: string | null
    /** The commit that merges a pull request into its base, if that is tested instead of `commit`. */
    merge: string | null
    /** The deploy that determines the state of the build (`headlineOf`). */
    deploy: Deploy | null
    /** All deploys whose turn has come, in order. */
    deploys: readonly Deploy[]
    /** The stages to which only people deploy this build. */
    manualStages: readonly string[]
    log: JobRun['log']
    timings: JobRun['timings']
    runner: JobRun['runner'] | null
    /** In the order of the plan; those that do not take part come last. A build of one job has one. */
    jobs: JobView[]
    /** An estimate in US dollars; null before the end. */
    cost: number | null
  }

/** A pure function of the records. The end that report accepted outweighs the job's own. */
export function viewOf(records: Records): View {
  const { build, run, report } = records
  const end = report?.end ?? null
  const plan = report !== null && report.jobs.length > 0 ? (records.plan ?? null) : null
  // From the draft on, the end of the lead is not the end of the build.
  const hasJobs = plan !== null || run?.draft != null
  const jobs = plan && report ? jobsOf(build.number, plan, report) : []
  // For the only job, which the lead did not run.
  const only = onlyJobIn(jobs)
  const { timings = {}, runner = null, log = null } = (only ? records.onlyRun : run) ?? {}
  const deploy = (end ?? report)?.deploy ?? null
  const fields = Object.fromEntries(PUBLIC_FIELDS.map(field => [field, build[field]]))
  return {
    ...(fields as PublicBuild),
    status: isWaiting(records) ? 'waiting' : end || !hasJobs ? statusOf(run, end) : statusOfJobs(report),
    isFlaky: end?.conclusion === 'passed' && jobs.some(job => job.isFlaky),
    reason: end ? end.reason : hasJobs ? null : (run?.reason ?? null),
    startedAt: run?.startedAt ?? null,
    endedAt: end?.endedAt ?? (hasJobs ? null : run?.endedAt) ?? null,
    exit: only ? only.exit : hasJobs ? null : (run?.exit ?? null),
    stage: run?.plan?.stage ?? null,
    merge: build.event === 'pull_request' ? (run?.plan?.merge ?? null) : null,
    deploy,
    deploys: deploy === null ? [] : report?.deploys.length ? report.deploys : [deploy],
    manualStages: build.target ? [] : manualStagesOf(plan),
    log: only || !hasJobs ? log : null,
    ...{ timings, runner },
    cost: report?.cost ?? null,
    ...resultsOf(records, hasJobs, only),
    jobs,
  }
}

/** Whether a build waits for a person's approval: it has neither been started nor ended. */
export const isWaiting = ({ build, run, report }: Pick<Records, 'build' | 'run' | 'report'>): boolean =>
  build.approval !== null && run === null && !report?.end && (report?.publications ?? 0) === 0

/**
 * The only job of a build, apart from its deploy: null if there are several, or if others were left out. Its record is that of the build,
 * as if the lead had run it.
 */
export function onlyJobIn(jobs: readonly JobView[]): JobView | null {
  const [only, ...others] = jobs.filter(({ isDeploy }) => !isDeploy)
  return only && only.key !== null && others.length === 0 ? only : null
}

/** Whether the jobs of a build need a description besides that of the build. */
export function hasJobList({ jobs }: Pick<View, 'jobs'>): boolean {
  const [only] = jobs.length === 1 && onlyJobIn(jobs) ? jobs : []
  const isLone = only && !only.isAllowedFailure && only.earlierAttempts.length === 0
  return jobs.length > 0 && !isLone
}

/** After the first of them, people deploy to all. */
function manualStagesOf(plan: PlanRecord | null): string[] {
  const deploys = plan?.deploys ?? []
  const first = deploys.findIndex(({ isManual }) => isManual)
  return first === -1 ? [] : deploys.slice(first).map(({ stage }) => stage)
}

/** The deploy is known once all other jobs are done. */
const statusOfJobs = (report: Report | null): BuildStatus => (report?.deploy ? 'deploying' : 'running')

function jobsOf(build: number, plan: PlanRecord, { jobs }: Report): JobView[] {
  const taking = plan.jobs.map((job): JobView => {
    const state = jobs.find(({ key }) => key === job.key)
    const {
      key,
      attempt = 1,
      publications = 0,
      conclusion = null,
      exit = null,
      reason = null,
      tests: packed,
      isNamed = false,
      failed = [],
    } = state ?? { key: job.key }
    const ended = {
      title: titleOf(job),
      conclusion: conclusion ?? 'passed',
      exit,
      reason,
      allowFailure: job.allowFailure,
      tests: packed ? unpackCounts(packed) : null,
    }
    return {
      key,
      ref: publications > 0 ? { build, key, attempt } : refOf(job.passedIn),
      passedIn: job.passedIn?.build ?? null,
      earlierAttempts: earlierOf(attempt, failed),
      isFlaky: conclusion === 'passed' && failed.length > 0,
      name: job.name,
      shard: job.shard,
      whole: titleOf({ ...job, shard: null, repetition: undefined }),
      title: ended.title,
      status: conclusion ?? (publications === 0 ? 'waiting' : state?.startedAt ? 'running' : 'queued'),
      isAllowedFailure: isAllowedFailure(ended),
      isDeploy: job.isDeploy,
      needs: job.needs.map(need => need.job),
      ...{ reason, exit },
      startedAt: state?.startedAt ?? null,
      endedAt: state?.endedAt ?? null,
      cost: state?.cost ?? null,
      ...{ tests: ended.tests, isNamed },
    }
  })
  const leftOut = plan.leftOut.map(
    ({ name, reason }): JobView => ({
      ...{
        key: null,
        ref: null,
        passedIn: null,
        earlierAttempts: [],
        isFlaky: false,
        name,
        shard: null,
        whole: name,
        title: name,
        status: 'left-out',
        isAllowedFailure: false,
        isDeploy: false,
        needs: [],
      },
      ...{ reason, exit: null, startedAt: null, endedAt: null, cost: null, tests: null, isNamed: false },
    }),
  )
  return [...taking, ...leftOut]
}

const earlierOf = (attempt: number, failed: readonly number[]): EarlierAttempt[] =>
  Array.from({ length: attempt - 1 }, (_, at) => (failed.includes(at + 1) ? 'failed' : 'died'))

const refOf = (passedIn: PassedIn | undefined): AttemptRef | null =>
  passedIn ? { build: passedIn.build, key: passedIn.key, attempt: passedIn.attempt } : null

function statusOf(run: JobRun | null, end: BuildEnd | null): BuildStatus {
  const ended = end ?? (run?.phase === 'ended' ? run : null)
  if (ended) return ended.conclusion ?? 'errored'
  return run === null || run.phase === 'claimed' || run.phase === 'ended' ? 'queued' : run.phase
}
