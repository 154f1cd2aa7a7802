import type { RunnerSecrets } from '../../src/account/secrets.ts'
import type { GrantIssuer, JobGrants } from '../../src/admission/grants.ts'
import type { Build } from '../../src/model/build.ts'
import type { Compare } from '../../src/model/newer.ts'
import type { BuildNews } from '../../src/notifiers/notifier.ts'
import type { JobRun } from '../../src/records/job-run.ts'
import { recordNameOf } from '../../src/records/job-run.ts'
import { type BuildRef, jobKeys } from '../../src/records/keys.ts'
import type { AcceptedJob, PlanRecord } from '../../src/records/plan-record.ts'
import { emptyReport, type JobState, type Report, stateBeforeStart } from '../../src/records/report-record.ts'
import { type Records, type View, viewOf } from '../../src/records/view.ts'
import type { RunFunctions } from '../../src/reporting/measure-cost.ts'

/** The secrets of http and report. */
export const RUNNER_SECRETS: RunnerSecrets = {
  webhookSecrets: ['s'],
  acceptsSharedSecret: true,
  githubToken: 't',
  cloneToken: null,
  githubApp: null,
  slackToken: null,
  linkKey: 'a-key-of-more-than-sixteen-characters',
}

/** What a stack has set for its run functions. */
export const RUN_FUNCTIONS: RunFunctions = {
  ...{ memoryMb: 2048, storageMb: 2048, timeoutSeconds: 900, architecture: 'arm64' },
  mostJobs: 100,
}
export const AT = '2026-11-20T10:00:00.000Z'
/** The time this many seconds after the build was queued. */
export const after = (seconds: number) => new Date(Date.parse(AT) + seconds * 1000)
export const NONCE = 'a-nonce-of-this-build'

export const makeBuild = (change: Partial<Build> = {}): Build => ({
  project: 'gh/ada/web',
  repository: change.project?.slice('gh/'.length) ?? 'ada/web',
  repositoryId: null,
  event: 'push',
  trigger: 'push/master',
  branch: 'master',
  defaultBranch: 'master',
  commit: 'a'.repeat(40),
  baseCommit: 'b'.repeat(40),
  cloneRepository: 'ada/web',
  checkoutBranch: 'master',
  pullRequest: null,
  target: null,
  retryOf: null,
  rebuildOf: null,
  repeats: null,
  isFork: false,
  isStranger: false,
  isPrivate: false,
  isDependabot: false,
  message: 'Paint it green\n\nAll of it.',
  author: { name: 'Ada Writer', login: 'ada' },
  committers: [],
  number: 7,
  trust: 'protected',
  approval: null,
  settings: { global: { allow: ['ada'] } },
  nonce: NONCE,
  delivery: '11111111-2222-3333-4444-555555555555',
  baseUrl: 'https://ci.example.com',
  queuedAt: AT,
  latestEnd: after(3300).toISOString(),
  ...change,
})

export const PULL: Partial<Build> = {
  event: 'pull_request',
  trigger: 'pr/12',
  pullRequest: 12,
  checkoutBranch: 'topic',
  trust: 'branch',
}
export const FORKED: Partial<Build> = {
  ...PULL,
  isFork: true,
  trust: 'fork',
  cloneRepository: 'stranger/web',
}

export const runOf = (change: Partial<JobRun> = {}): JobRun => ({
  nonce: NONCE,
  writeId: 'a-write',
  phase: 'running',
  startedAt: after(2).toISOString(),
  endedAt: null,
  plan: { build: true, reason: 'the branch is built', cmd: 'npm test', stage: null, merge: null },
  exit: null,
  conclusion: null,
  reason: null,
  log: null,
  timings: {},
  runner: {
    function: 'lambci-run-protected',
    memoryMb: 1769,
    storageMb: 512,
    architecture: 'arm64',
    region: 'us-east-1',
    requestId: 'request-1',
    start: 'cold',
  },
  notifications: null,
  draft: null,
  artifacts: [],
  ...change,
})

/** A run that passed 42 seconds after its start. */
export const endedRun = (change: Partial<JobRun> = {}): JobRun =>
  runOf({
    phase: 'ended',
    endedAt: after(44).toISOString(),
    conclusion: 'passed',
    exit: { kind: 'exited', code: 0 },
    log: { bytes: 10, complete: true, segments: 1 },
    ...change,
  })

export const reportOf = (change: Partial<Report> = {}): Report => ({ ...emptyReport, ...change })

type Changes = { build?: Partial<Build>; run?: Partial<JobRun> | null; report?: Partial<Report> }

/** The view of a build that passed in 42 seconds, with these changes. */
export const viewWith = ({ build = {}, run = {}, report }: Changes = {}): View =>
  viewOf({
    build: makeBuild(build),
    run: run && endedRun(run),
    report: report ? reportOf(report) : null,
  })

type PlannedChange = Partial<AcceptedJob> & { state?: Partial<JobState> }

type JobsChanges = Pick<Changes, 'build' | 'report'> & { plan?: Partial<PlanRecord> }

/** The view of a build with these jobs. */
export const viewWithJobs = (jobs: readonly PlannedChange[], changes: JobsChanges = {}): View =>
  viewOf(recordsWithJobs(jobs, changes))

/** The records of a build with these jobs, which have passed in 42 seconds unless their state says otherwise. */
export function recordsWithJobs(
  jobs: readonly PlannedChange[],
  { build, report, plan }: JobsChanges = {},
): Records & { plan: PlanRecord; report: Report } {
  const keyOf = (index: number) => jobs[index]?.key ?? index
  return {
    build: makeBuild(build),
    run: endedRun(),
    plan: {
      leftOut: [],
      failFast: false,
      maxParallel: null,
      cancelSuperseded: true,
      deploys: [],
      jobs: jobs.map(({ state: _, ...job }, index) => ({
        key: keyOf(index),
        ...{ name: 'unit', cell: {}, shard: null, needs: [] },
        ...{ allowFailure: false, hasSecrets: false, isDeploy: false },
        ...job,
      })),
      ...plan,
    },
    report: reportOf({
      jobs: jobs.map(({ state }, index) => ({
        ...stateBeforeStart(keyOf(index)),
        ...{ publications: 1, conclusion: 'passed', exit: { kind: 'exited', code: 0 }, cost: 0.001 },
        ...{ startedAt: after(2).toISOString(), endedAt: after(44).toISOString() },
        ...state,
      })),
      ...report,
    }),
  }
}

/** Changes the state of a job. */
export const JOB_STATES = {
  failed: {
    conclusion: 'failed',
    exit: { kind: 'exited', code: 1 },
    reason: 'npm test ended with exit code 1',
  },
  running: { conclusion: null, exit: null, endedAt: null, cost: null },
  queued: { conclusion: null, exit: null, startedAt: null, endedAt: null, cost: null },
  waiting: {
    ...{ publications: 0, conclusion: null, exit: null, startedAt: null, endedAt: null, cost: null },
  },
  skipped: {
    ...{ publications: 0, conclusion: 'skipped', reason: 'unit failed' },
    ...{ exit: null, startedAt: null, endedAt: null, cost: null },
  },
} satisfies Record<string, Partial<JobState>>

/** What notifiers receive about a build that has ended. */
export const newsOf = (view: View, url = 'https://ci.example.com/x'): BuildNews => ({
  isUnstarted: view.status === 'waiting',
  view,
  url,
  isOver: true,
  isGone: false,
  mayHaveStage: () => true,
  summary: async () => null,
  tail: async () => [],
})

/** The grants of a job in a public repository without secrets, where the bucket needs no credentials. */
export const grantsWith = (change: Partial<JobGrants> = {}): JobGrants => ({
  cloneToken: null,
  credentials: null,
  secretVariables: [],
  deployRole: null,
  jobRole: null,
  jobToken: null,
  buildUrl: 'https://ci.example.com/x',
  ...change,
})

/** Issues this clone token, and nothing else. */
export const grantIssuerOf = (cloneToken: string | null): GrantIssuer => ({
  cloneToken: async () => cloneToken,
  publicToken: async () => null,
  jobToken: async () => null,
  issueCredentials: async () => null,
  deployRole: null,
  deployRoles: [],
})

/** Git says nothing about any two commits: then the numbers of builds decide. */
export const unknownToGit: Compare = async () => null

/** The key of the record in which a build's first job says this of itself. */
export const runKey = (build: BuildRef, run: Pick<JobRun, 'phase'>) =>
  jobKeys(build).record(recordNameOf(run))
