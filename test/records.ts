import type { Admission, Granter } from '../src/admission/admission.ts'
import { emptyReport, type Report } from '../src/build/report-record.ts'
import type { Run } from '../src/build/run-record.ts'
import { type View, viewOf } from '../src/build/view.ts'
import type { Job } from '../src/job/job.ts'

export const AT = '2026-11-20T10:00:00.000Z'
/** A moment so many seconds after the job was queued. */
export const after = (seconds: number) => new Date(Date.parse(AT) + seconds * 1000)
export const NONCE = 'a-nonce-of-this-one-job'

export const jobOf = (change: Partial<Job> = {}): Job => ({
  project: 'gh/ada/web',
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
  trust: 'deploy',
  settings: { global: { allow: ['ada'] } },
  nonce: NONCE,
  delivery: '11111111-2222-3333-4444-555555555555',
  baseUrl: 'https://ci.example.com',
  queuedAt: AT,
  latestEnd: after(3300).toISOString(),
  ...change,
})

export const PULL: Partial<Job> = {
  event: 'pull_request',
  trigger: 'pr/12',
  pullRequest: 12,
  checkoutBranch: 'topic',
  trust: 'branch',
}
export const FORKED: Partial<Job> = {
  ...PULL,
  isFork: true,
  trust: 'fork',
  cloneRepository: 'stranger/web',
}

export const runOf = (change: Partial<Run> = {}): Run => ({
  nonce: NONCE,
  writeId: 'a-write',
  phase: 'running',
  startedAt: after(2).toISOString(),
  endedAt: null,
  plan: { build: true, reason: 'the branch is built', cmd: 'npm test', stage: null },
  exit: null,
  result: null,
  reason: null,
  deploy: null,
  log: null,
  timings: {},
  runner: {
    function: 'lambci-build-deploy',
    memoryMb: 1769,
    storageMb: 512,
    architecture: 'arm64',
    region: 'us-east-1',
    requestId: 'request-1',
    start: 'cold',
  },
  notifications: null,
  ...change,
})

/** A run that ended 42 seconds after its start. */
export const endedRun = (change: Partial<Run> = {}): Run =>
  runOf({
    phase: 'ended',
    endedAt: after(44).toISOString(),
    result: 'passed',
    exit: { kind: 'exited', code: 0 },
    log: { bytes: 10, complete: true, segments: 1 },
    ...change,
  })

export const reportOf = (change: Partial<Report> = {}): Report => ({ ...emptyReport, ...change })

type Changes = { job?: Partial<Job>; run?: Partial<Run> | null; report?: Partial<Report> }

/** The view of a build that passed in 42 seconds, but for what is changed. */
export const viewWith = ({ job = {}, run = {}, report }: Changes = {}): View =>
  viewOf({
    job: jobOf(job),
    run: run && endedRun(run),
    report: report ? reportOf(report) : null,
  })

/** What a job of a public repository without secrets is given where the bucket needs no credentials of its own. */
export const admissionWith = (change: Partial<Admission> = {}): Admission => ({
  cloneToken: null,
  credentials: null,
  secretVariables: [],
  deployRole: null,
  buildUrl: 'https://ci.example.com/x',
  ...change,
})

/** Gives what is given here, to whoever may have it. */
export const granterOf = (cloneToken: string | null): Granter => ({
  cloneToken: async () => cloneToken,
  mintCredentials: async () => null,
  deployRole: null,
})
