import type { RunnerSecrets } from '../../src/account/secrets.ts'
import type { GrantIssuer, JobGrants } from '../../src/admission/grants.ts'
import type { Build } from '../../src/model/build.ts'
import type { Compare } from '../../src/model/newer.ts'
import type { BuildNews } from '../../src/notifiers/notifier.ts'
import type { JobRun } from '../../src/records/job-run.ts'
import { recordNameOf } from '../../src/records/job-run.ts'
import { type BuildRef, jobKeys } from '../../src/records/keys.ts'
import { emptyReport, type Report } from '../../src/records/report-record.ts'
import { type View, viewOf } from '../../src/records/view.ts'

/** The secrets of http and report. */
export const RUNNER_SECRETS: RunnerSecrets = {
  webhookSecrets: ['s'],
  githubToken: 't',
  cloneToken: null,
  githubApp: null,
  slackToken: null,
  linkKey: 'a-key-of-more-than-sixteen-characters',
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
  isFork: false,
  isPrivate: false,
  isDependabot: false,
  message: 'Paint it green\n\nAll of it.',
  author: { name: 'Ada Writer', login: 'ada' },
  committers: [],
  number: 7,
  trust: 'protected',
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
  deploy: null,
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

/** What notifiers receive about a build that has ended. */
export const newsOf = (view: View, url = 'https://ci.example.com/x'): BuildNews => ({
  view,
  url,
  isOver: true,
  isGone: false,
  mayHaveStage: true,
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
export const runKey = (build: BuildRef, run: Pick<JobRun, 'phase' | 'deploy'>) =>
  jobKeys(build).record(recordNameOf(run))
