import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { parseAccount } from '../../../src/account/settings.ts'
import { readLambciJson } from '../../../src/config/layer.ts'
import { adoptStage } from '../../../src/deploy/binding.ts'
import { holdForDeploy, holdStage } from '../../../src/deploy/hold.ts'
import type { CommitStatus } from '../../../src/github/client.ts'
import type { ApprovalReason } from '../../../src/model/approval.ts'
import type { Build } from '../../../src/model/build.ts'
import { type Exit, reasonOfExit } from '../../../src/model/exit.ts'
import type { JobFailure } from '../../../src/model/failure.ts'
import { titleOf } from '../../../src/model/job.ts'
import type { Compare } from '../../../src/model/newer.ts'
import { titleOfTest } from '../../../src/model/tests.ts'
import { commitStatusOf } from '../../../src/notifiers/commit-status/commit-status.ts'
import { commitStatusNotifier } from '../../../src/notifiers/commit-status/notifier.ts'
import { assign } from '../../../src/planning/assignment.ts'
import { explainIrrelevantChange } from '../../../src/planning/paths.ts'
import type { CancelRequest } from '../../../src/records/cancel-request.ts'
import { type JobRun, parseJobRun } from '../../../src/records/job-run.ts'
import { buildKeys, jobKeys, stageKeys } from '../../../src/records/keys.ts'
import { listJobs } from '../../../src/records/listed-jobs.ts'
import type { DraftedJob } from '../../../src/records/plan-record.ts'
import type { JobObjects } from '../../../src/records/read-records.ts'
import { type Deploy, headlineOf, type JobState } from '../../../src/records/report-record.ts'
import { type RunEnd, runEnd } from '../../../src/records/run-end.ts'
import type { Store } from '../../../src/records/store.ts'
import { type View, viewOf } from '../../../src/records/view.ts'
import { decide } from '../../../src/reporting/decide.ts'
import { endAfterDeploy } from '../../../src/reporting/end-after-deploy.ts'
import { explainChanges } from '../../../src/reporting/explain-changes.ts'
import { lookAtDeploy } from '../../../src/reporting/look-at-deploy.ts'
import { lookAtDeploys } from '../../../src/reporting/look-at-deploys.ts'
import { decideApproval } from '../../../src/reporting/look-at-lead.ts'
import { refreshJobs } from '../../../src/reporting/refresh-jobs.ts'
import { describeFailure } from '../../../src/reporting/report-trigger.ts'
import { scheduleJobs } from '../../../src/reporting/schedule.ts'
import { decideTests, type TestsRead } from '../../../src/results/decide-tests.ts'
import { describeFound } from '../../../src/results/find-failure.ts'
import type { Place } from '../../../src/results/stack-place.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { plan as planned } from '../../support/planning.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY, planOf, stateWith } from '../../support/plans.ts'
import {
  AT,
  after,
  endedRun,
  FORKED,
  makeBuild,
  NONCE,
  newsOf,
  PULL,
  RUN_FUNCTIONS,
  RUNNER_SECRETS,
  reportOf,
  runOf,
} from '../../support/records.ts'

// Report logs what GitHub did not answer.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

const URL = 'https://ci.example.com/gh/ada/web/builds/7'
const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/statuses.md'), 'utf8')

/** The rows of the page's table that begins with this column. */
function rowsOf(firstColumn: string): string[][] {
  const lines = PAGE.split('\n')
  const start = lines.findIndex(line => line.startsWith(`| ${firstColumn} |`)) + 2
  const length = lines.slice(start).findIndex(line => !line.startsWith('|'))
  return lines.slice(start, start + length).map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim().replace(/^`(.*)`$/, '$1')),
  )
}

const PASSED: Exit = { kind: 'exited', code: 0 }
const FAILED: Exit = { kind: 'exited', code: 1 }
const KILLED: Exit = { kind: 'signalled', signal: 'SIGKILL' }
const COST = 0.0021
const OVERDUE = after(3301)
const BUILD = makeBuild()

type Known = Partial<Pick<Parameters<typeof decide>[0], 'request'>> & {
  build?: Build
  failures?: readonly string[]
  now?: Date
}

/** The view of a build that report concludes from these records. */
function concluded(run: JobRun | null, known: Known = {}): View {
  const { build = BUILD, request = null, failures = [], now = after(60) } = known
  const report = reportOf({
    publications: Math.max(1, failures.length),
    failures: failures.map((reason, index) => ({ nonce: NONCE, requestId: `request-${index + 1}`, reason })),
  })
  const decision = decide({ build, run, report, request }, now)
  if (decision === null || decision === 'publish-again') throw new Error('This build has not ended')
  return viewOf({ build, run, report: { ...report, end: decision.end, cost: run?.startedAt ? COST : null } })
}

type NotStarted = Partial<Parameters<typeof decideApproval>[0]> & { now?: Date }
/** The view of a build that waits for approval, or ends while it does. */
function notApproved(approval: ApprovalReason, { now = after(60), ...known }: NotStarted = {}): View {
  const build = makeBuild({ ...FORKED, approval })
  const report = reportOf({ publications: 0, ...known.report })
  const decide = (request: CancelRequest | null) =>
    decideApproval({ build, report, request, approval: null }, now)
  const decision = decide(known.request ?? null)
  if (decision === 'publish-again') throw new Error('Nobody has approved it')
  const refused =
    decision && 'refused' in decision
      ? decide({ by: 'lambci', why: decision.refused, supersededBy: null, at: now.toISOString() })
      : decision
  const end = refused && refused !== 'publish-again' && 'end' in refused ? refused.end : null
  return viewOf({ build, run: null, report: { ...report, end } })
}

/** The view of a build that is approved after the account's settings have become others. */
async function approvedLate(settings: object): Promise<View> {
  const store = openMemoryStore()
  await store.put('config/global.json', JSON.stringify(settings), 'application/json')
  const why = await explainChanges(makeBuild({ ...FORKED, approval: 'stranger' }), store)
  if (why === null) throw new Error('Nothing has changed')
  const request = { by: 'lambci', why, supersededBy: null, at: after(60).toISOString() }
  return notApproved('stranger', { request })
}

const DIED: Partial<JobState> = {
  conclusion: 'errored',
  reason: 'The job died: it did not report its end in time',
}
/** The view of a build whose jobs ended like this, by title. All others have passed. */
function concludedJobs(jobs: readonly DraftedJob[], changes: Record<string, Partial<JobState>>): View {
  const plan = planOf(draftWith([...jobs]))
  const passed = { publications: 1, conclusion: 'passed', exit: PASSED } as const
  const states = plan.jobs.map(job => stateWith(job.key, { ...passed, ...changes[titleOf(job)] }))
  const { conclusion } = scheduleJobs(plan, states, null)
  if (conclusion === null) throw new Error('This build has not ended')
  const end = { ...conclusion, deploy: null, endedAt: after(44).toISOString() }
  return viewOf({ build: BUILD, run: endedRun(), plan, report: reportOf({ jobs: states, end, cost: COST }) })
}
const FAILED_JOB: Partial<JobState> = { conclusion: 'failed', exit: FAILED }
const FLAKY_JOB: Partial<JobState> = { attempt: 2, failed: [1] }
const MATRIX = draftedJob('node', { cells: [{ NODE: '20' }, { NODE: '22' }, { NODE: '24' }] })
const THREE = [draftedJob('lint'), draftedJob('unit'), draftedJob('e2e')]

const ended = (end: RunEnd) => concluded(endedRun(end))
const failedBy = (exit: Exit) => ended(runEnd('failed', { exit, reason: reasonOfExit('npm test', exit) }))
const NO_TESTS = { passed: 0, failed: 0, errored: 0, skipped: 0, flaky: 0 }
const READ: TestsRead = {
  counts: { ...NO_TESTS, passed: 31, failed: 1, errored: 1, skipped: 1 },
  first: { suite: 'cart', name: 'multiplies by quantity', message: '5 !== 6', file: null, line: null },
  ...{ reports: ['r/a.xml'], errors: [], old: [], irregular: [] },
}
const ONE_FAILED = { ...READ, counts: { ...READ.counts, passed: 32, errored: 0 } }
const TESTS = { files: ['r/*.xml'], verdict: 'report', allowEmpty: false } as const
const failureOf = (test: string | null): JobFailure => ({
  ...{ source: 'log', test, excerpt: [], file: null, line: null, logLine: null },
})
/** The view of a build of one job whose output names what failed. */
function recognised(found: Parameters<typeof describeFound>[0], place: Place | null, line: string): View {
  const reason = describeFound(found, place ?? { file: null, line: null }, line)
  return concluded(
    endedRun({ ...runEnd('failed', { exit: FAILED, reason }), failure: failureOf(found.test) }),
  )
}
const exitOf = (exit: Exit) => ({ exit, reason: reasonOfExit('npm test', exit) })
/** The view of a build of one job that has written these test reports. */
function tested(exit: Exit, read: TestsRead): View {
  const { conclusion, reason } = decideTests(exitOf(exit), TESTS, read)
  const { counts: tests, first } = read
  const failure = first && conclusion === 'failed' ? { failure: failureOf(titleOfTest(first)) } : {}
  return concluded({ ...endedRun(runEnd(conclusion, { exit, reason })), tests, ...failure })
}
const inProgress = (run: JobRun | null) => viewOf({ build: BUILD, run, report: null })

/** A build of one job, which has passed, and of the deploy after it. */
const DEPLOYED = planOf(draftWith([draftedJob('build')], { leadRunsFirst: true, deploys: [PLANNED_DEPLOY] }))
const STAGE = { project: BUILD.project, stage: PLANNED_DEPLOY.stage }
const TESTED = stateWith(0, { publications: 1, conclusion: 'passed', exit: PASSED, cost: COST })
const IDENTICAL: Compare = async () => 'identical'
const MINUTES = 60

type Looked = {
  build?: Build
  /** How its job stands. By default, it has not been started. */
  state?: Partial<JobState>
  request?: CancelRequest | null
  compare?: Compare
  /** The build that holds the stage. */
  holder?: number
  /** The build of another commit that was deployed last. */
  latest?: number
  /** What people have recorded of the stage. */
  prepare?: (store: Store) => Promise<unknown>
  /** When report looks, in minutes. */
  at?: readonly number[]
}

/** The view of a build that deploys, after report has looked at its deploy. */
async function looked({ build = BUILD, state = {}, request = null, ...given }: Looked = {}): Promise<View> {
  const { compare = IDENTICAL, holder, latest, prepare, at = [1] } = given
  const store = openMemoryStore()
  const put = (key: string, value: object) => store.put(key, JSON.stringify(value), 'application/json')
  await put(buildKeys(build).build, build)
  if (holder !== undefined)
    await put(stageKeys(STAGE).lock, {
      holder: { build: holder, until: after(300 * MINUTES).toISOString() },
      fence: 1,
    })
  if (latest !== undefined) {
    const attempt = {
      ...{ build: latest, of: latest, commit: 'c'.repeat(40), branch: 'master', message: '', who: 'Ada' },
      ...{ url: null, startedAt: after(0).toISOString(), fence: 1 },
    }
    const end = { reason: null, endedAt: after(1).toISOString(), durationMs: 1, cost: null }
    const done = { ...attempt, ...end, status: 'succeeded' }
    await put(stageKeys(STAGE).current, { deployed: done, latest: done })
  }
  await prepare?.(store)
  const account = parseAccount(build.project, build.settings)
  const known = { build, account, planned: PLANNED_DEPLOY, isLost: false, request }
  let deploy: Deploy | null = null
  let deployState = stateWith(1, state)
  for (const minute of at) {
    const look = await lookAtDeploy(
      { ...known, state: deployState, last: deploy },
      { store, compare, now: () => after(minute * MINUTES) },
    )
    deploy = look.deploy
    deployState = look.state
  }
  if (!deploy) throw new Error('Nobody has looked')
  const { conclusion } = deployState
  const ended = conclusion && endAfterDeploy(build, deploy, conclusion === 'errored', null)
  // A deploy that runs for a while adds nothing here.
  const end = ended && { ...ended, deploy, endedAt: after(44).toISOString() }
  const report = reportOf({ jobs: [TESTED, deployState], deploy, end, cost: end && COST })
  const draft = draftWith([draftedJob('build')], { leadRunsFirst: true, deploys: [PLANNED_DEPLOY] })
  return viewOf({ build, run: endedRun({ draft }), plan: DEPLOYED, report })
}

/** A build whose only stage is manual. */
function manual(): View {
  const deploys = [{ ...PLANNED_DEPLOY, isManual: true }]
  const draft = draftWith([draftedJob('build')], { leadRunsFirst: true, deploys })
  const end = { conclusion: 'passed', reason: null, deploy: null, endedAt: after(44).toISOString() } as const
  const report = reportOf({ jobs: [TESTED], end, cost: COST })
  return viewOf({ build: BUILD, run: endedRun({ draft }), plan: planOf(draft), report })
}

/** The deploy has passed, and the job that verifies it has failed. */
async function notVerified(): Promise<View> {
  const deploys = [{ ...PLANNED_DEPLOY, hasVerify: true }]
  const draft = draftWith([draftedJob('build')], { leadRunsFirst: true, deploys })
  const passed = { publications: 1, conclusion: 'passed', exit: PASSED } as const
  const reason = reasonOfExit('./check.sh', FAILED)
  const verify = stateWith(2, { publications: 1, conclusion: 'failed', exit: FAILED, reason })
  const account = parseAccount(BUILD.project, BUILD.settings)
  const known = { build: BUILD, account, plan: planOf(draft), report: reportOf({}), lost: [], request: null }
  const look = await lookAtDeploys(
    { ...known, states: [TESTED, stateWith(1, passed), verify] },
    { store: openMemoryStore(), compare: IDENTICAL, now: () => after(43) },
  )
  const deploy = headlineOf(look.deploys)
  if (!deploy) throw new Error('Nobody has looked')
  const end = { ...endAfterDeploy(BUILD, deploy, false, null), deploy, endedAt: after(44).toISOString() }
  const report = reportOf({ jobs: look.states, deploys: look.deploys, deploy, end, cost: COST })
  return viewOf({ build: BUILD, run: endedRun({ draft }), plan: planOf(draft), report })
}

const deployEnded = (conclusion: 'passed' | 'failed' | 'errored', change: Partial<JobState> = {}) =>
  looked({ state: { publications: 1, conclusion, ...change } })
const SILENT: Compare = () => Promise.reject(new Error('GitHub is silent'))
/** The commit is before the head of its branch, and before what was deployed last. */
const BEFORE_LATEST: Compare = async (_, __, head) => (head === 'master' ? 'ahead' : 'behind')

const LEAD_OBJECTS: JobObjects = { run: endedRun(), record: 'end', objects: [] }

/** The deploy was claimed, and nothing was heard of it. */
async function diedWhileItDeployed(): Promise<View> {
  const store = openMemoryStore(() => after(60))
  const claim = jobKeys(BUILD, { key: 1, attempt: 1 }).record('claim')
  await store.put(claim, JSON.stringify(runOf({ phase: 'claimed', plan: null })), 'application/json')
  const known = { build: BUILD, plan: DEPLOYED, lead: LEAD_OBJECTS, report: reportOf() }
  const { states } = await refreshJobs(
    { ...known, recordsOf: await listJobs(store, BUILD), request: null },
    [TESTED, stateWith(1, { publications: 1, latestEnd: BUILD.latestEnd })],
    { store, runFunctions: RUN_FUNCTIONS, linkKey: RUNNER_SECRETS.linkKey, now: () => OVERDUE },
  )
  return looked({ state: { ...states[1], cost: null } })
}

/** The files of the commit deploy something else than what report has accepted. */
function deploysAnother(): Promise<View> {
  const { plan } = planned({}, { cmd: 'make', deploy: './other.sh', stages: { master: 'production' } })
  if (!plan.build) throw new Error(plan.reason)
  const identity = { name: 'deploy', cell: {}, shard: null }
  try {
    assign(plan, { build: BUILD, job: { identity, deploy: PLANNED_DEPLOY } }, [])
  } catch (error) {
    return deployEnded('errored', { reason: (error as Error).message })
  }
  throw new Error('It was deployed')
}

const SUPERSEDED = {
  by: 'lambci',
  why: 'Superseded by #8',
  supersededBy: 8,
  at: after(10).toISOString(),
}
const BY_ADA: CancelRequest = {
  by: 'ada',
  why: 'by ada',
  supersededBy: null,
  at: after(50).toISOString(),
}
/** The first line of an error is the reason on record. */
const misconfigured = () => {
  try {
    readLambciJson('{"comand": "make"}')
  } catch (error) {
    return ended(runEnd('errored', { reason: (error as Error).message.split('\n')[0] ?? null }))
  }
  throw new Error('The mistake was accepted')
}
const skipped = () => {
  const reason = explainIrrelevantChange({ include: null, exclude: ['docs'] }, ['docs/a', 'docs/b'])
  return ended(runEnd('skipped', { reason }))
}

const PINNED = { allow: ['ada'], pinnedStages: { production: { branches: ['release'] } } }

/** Whether an earlier build of the branch has set a status on the commit before, or this one has while it waited. */
type Case = { view: () => View | Promise<View>; isAfterAnother?: boolean; isAfterWait?: boolean }
const CASES: readonly [string, Case][] = [
  ['is of a stranger, and waits for approval', { view: () => notApproved('stranger') }],
  ['waits for approval, because the account lets all forks wait', { view: () => notApproved('fork') }],
  [
    'waits for approval, because too many builds of forks have started today',
    { view: () => notApproved('fork-builds') },
  ],
  ['waits for approval, because too many builds have started today', { view: () => notApproved('builds') }],
  ["waits for approval, because the month's budget is used up", { view: () => notApproved('budget') }],
  [
    'waited for approval, and its pull request was closed',
    { view: () => notApproved('stranger', { report: { isGone: true } }) },
  ],
  [
    'waited for approval for 30 days',
    { view: () => notApproved('stranger', { now: after(30 * 24 * 3600) }) },
  ],
  [
    'waited for approval, and was cancelled by a person',
    { view: () => notApproved('stranger', { request: BY_ADA }) },
  ],
  [
    'waited for approval, and was superseded by a newer commit',
    { view: () => notApproved('stranger', { request: SUPERSEDED }) },
  ],
  [
    "was approved after the account's settings had changed",
    { view: () => approvedLate({ allow: ['ada'], cmd: 'make' }) },
  ],
  [
    'was approved after the account had taken its repository off its list',
    { view: () => approvedLate({ allow: [] }) },
  ],
  ['waits for a free function', { view: () => inProgress(null) }],
  [
    'has a function, which fetches its commit and reads its files',
    { view: () => inProgress(runOf({ phase: 'claimed' })) },
  ],
  ['runs its command', { view: () => inProgress(runOf()) }],
  ['has passed its command, and waits for the stage', { view: () => looked({ holder: 8 }) }],
  [
    "has passed its command, and waits for GitHub's answer about the commit",
    { view: () => looked({ compare: SILENT }) },
  ],
  ['deploys', { view: () => looked() }],
  ['passed', { view: () => ended(runEnd('passed', { exit: PASSED })) }],
  ['passed and was deployed', { view: () => deployEnded('passed', { exit: PASSED }) }],
  [
    'passed, and a newer commit was deployed before it',
    { view: () => looked({ latest: 8, compare: BEFORE_LATEST }) },
  ],
  [
    'passed, and a person holds the stage (`lambci hold`)',
    { view: () => looked({ prepare: store => holdStage(store, STAGE, { by: 'ada', at: AT }) }) },
  ],
  [
    'passed, and a later deploy by hand holds the stage',
    {
      view: () => looked({ prepare: store => holdForDeploy(store, STAGE, { by: 'ada', at: AT, build: 8 }) }),
    },
  ],
  [
    'passed, waited for the stage, and was cancelled by a person',
    { view: () => looked({ holder: 8, request: BY_ADA }) },
  ],
  ['passed, and its commit has left the branch', { view: () => looked({ compare: async () => 'diverged' }) }],
  ['passed, and only people deploy to its stage (`manual`)', { view: manual }],
  [
    'passed, and repeats another build (`lambci rebuild`, a redelivery)',
    { view: () => looked({ build: makeBuild({ rebuildOf: 3 }) }) },
  ],
  ['has a command that failed', { view: () => failedBy(FAILED) }],
  ['has a command that failed, and a report that names the test', { view: () => tested(FAILED, READ) }],
  [
    'has a command that failed, and an output that names the test',
    { view: () => recognised({ test: 'cart › multiplies by quantity', failed: 2, total: 34 }, null, '') },
  ],
  [
    'has a command that failed, and an output that names the test without a count',
    { view: () => recognised({ test: 'TestCart/multiplies', failed: null, total: null }, null, '') },
  ],
  [
    'has a command that failed, and an output with the error of a compiler or linter',
    {
      view: () => {
        const line = "src/cart.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'."
        return recognised({ test: null, failed: null, total: null }, { file: 'src/cart.ts', line: 3 }, line)
      },
    },
  ],
  ['has a report with a failed test, after exit code 0', { view: () => tested(PASSED, ONE_FAILED) }],
  [
    'has a command that passed and wrote none of its test reports',
    { view: () => tested(PASSED, { ...READ, counts: NO_TESTS, first: null, reports: [] }) },
  ],
  ['has a command that was killed', { view: () => failedBy(KILLED) }],
  [
    'has a command that took too long',
    {
      view: () => {
        const exit: Exit = { kind: 'timed-out', afterMs: 870_000 }
        return failedBy(exit)
      },
    },
  ],
  [
    'has several jobs, of which some failed',
    {
      view: () => {
        const titles = ['unit (4/8)', 'node (NODE=22)', 'node (NODE=24)']
        const failed = Object.fromEntries(titles.map(title => [title, FAILED_JOB]))
        return concludedJobs([draftedJob('unit', { shards: 8 }), MATRIX, draftedJob('docs')], failed)
      },
    },
  ],
  [
    'has several jobs, of which one failed by its tests',
    {
      view: () => {
        const { reason } = decideTests(exitOf(FAILED), TESTS, READ)
        return concludedJobs(THREE, { unit: { ...FAILED_JOB, reason, tests: [31, 2, 1, 0], isNamed: true } })
      },
    },
  ],
  [
    'has several jobs, of which one failed and others were skipped behind it',
    {
      view: () => {
        const skippedJob = {
          publications: 0,
          exit: null,
          conclusion: 'skipped',
          reason: 'lint failed',
        } as const
        return concludedJobs(THREE, { lint: FAILED_JOB, unit: skippedJob, e2e: skippedJob })
      },
    },
  ],
  ['has several jobs, of which one died', { view: () => concludedJobs(THREE, { lint: DIED }) }],
  [
    'has several jobs, of which one died and another one failed',
    { view: () => concludedJobs(THREE, { lint: DIED, unit: FAILED_JOB }) },
  ],
  [
    'has several jobs, of which one failed that may (`allowFailure`)',
    {
      view: () =>
        concludedJobs([draftedJob('lint', { allowFailure: true }), draftedJob('unit')], { lint: FAILED_JOB }),
    },
  ],
  [
    'has one job that failed and passed at another attempt (`retry`)',
    { view: () => concludedJobs([draftedJob('build', { retry: 1 })], { build: FLAKY_JOB }) },
  ],
  [
    'has several jobs, of which one failed and passed at another attempt',
    { view: () => concludedJobs(THREE, { unit: FLAKY_JOB }) },
  ],
  [
    'has jobs, none of which takes part',
    { view: () => ended(runEnd('passed', { reason: concludedJobs([], {}).reason })) },
  ],
  [
    'passed its command, and the deploy failed',
    { view: () => deployEnded('failed', { exit: FAILED, reason: reasonOfExit('./deploy.sh', FAILED) }) },
  ],
  ['passed its command, was deployed, and `verify` failed', { view: notVerified }],
  [
    'passed its command, and the stage was not free within two hours',
    { view: () => looked({ holder: 8, at: [1, 122] }) },
  ],
  [
    'passed its command, and GitHub said nothing about the commit for an hour',
    { view: () => looked({ compare: SILENT, at: [1, 62] }) },
  ],
  ['passed its command, and its commit has another deploy than was planned', { view: deploysAnother }],
  [
    'passed its command, and the stage belongs to another branch',
    {
      view: () =>
        looked({
          prepare: store => adoptStage(store, STAGE, { branches: ['release'], by: null, at: AT }),
        }),
    },
  ],
  [
    'passed its command, and the account reserves the stage for another branch (`pinnedStages`)',
    { view: () => looked({ build: makeBuild({ settings: { global: PINNED } }) }) },
  ],
  ['died while it deployed', { view: diedWhileItDeployed }],
  ['has a mistake in its configuration', { view: misconfigured }],
  [
    'died',
    {
      view: () =>
        concluded(runOf(), {
          failures: [describeFailure('RetriesExhausted', { errorMessage: 'signal: killed' })],
        }),
    },
  ],
  ['died without a trace', { view: () => concluded(runOf(), { now: OVERDUE }) }],
  [
    'never started',
    { view: () => concluded(null, { failures: Array(3).fill(describeFailure('EventAgeExceeded', {})) }) },
  ],
  ['left a record that cannot be read', { view: () => concluded(parseJobRun(Buffer.from('{'))) }],
  [
    'was superseded by a newer commit',
    { view: () => ended(runEnd('cancelled', { reason: SUPERSEDED.why })) },
  ],
  [
    'was superseded before it started (pull requests)',
    { view: () => concluded(null, { build: makeBuild(PULL), request: SUPERSEDED }) },
  ],
  ['was cancelled by a person', { view: () => ended(runEnd('cancelled', { reason: 'by ada' })) }],
  ['was skipped', { view: skipped }],
  [
    'was skipped, and an earlier build of the same branch or pull request had set a status on this commit',
    { view: skipped, isAfterAnother: true },
  ],
  ['was skipped, after it had waited for approval', { view: skipped, isAfterWait: true }],
  [
    'only deploys',
    {
      view: () => {
        const build = makeBuild({ event: 'deploy', target: { stage: 'production', of: 3, by: null } })
        return looked({ build, state: { publications: 1, conclusion: 'passed', exit: PASSED } })
      },
    },
  ],
]

/** What GitHub is sent about a build, by the notifier itself. */
async function sentOf({
  view: of,
  isAfterAnother = false,
  isAfterWait = false,
}: Case): Promise<CommitStatus[]> {
  const sent: CommitStatus[] = []
  const github = {
    compare: async () => null,
    setStatus: async (status: CommitStatus) => {
      sent.push(status)
    },
  }
  const leaseHolder = { store: openMemoryStore(), holder: 'one', now: () => after(0) }
  const context = { github, leaseHolder }
  const notify = (view: View) => commitStatusNotifier(context).notify(newsOf(view, URL), {}, null)
  const view = await of()
  if (isAfterAnother) {
    const passed = ended(runEnd('passed', { exit: PASSED }))
    await notify({ ...passed, number: view.number - 1 })
    sent.length = 0
  }
  // It is known from the commit's record, although report could not record what it had sent.
  if (isAfterWait) {
    await notify({ ...(await notApproved('stranger')), ...{ number: view.number, trigger: view.trigger } })
    sent.length = 0
  }
  await notify(view)
  return sent
}

test('each row has a case, and each case has a row', () => {
  const rows = rowsOf('the build').map(([state]) => state)
  expect(rows).toEqual(CASES.map(([state]) => state))
  expect(new Set(rows).size).toBe(rows.length)
})

test.each(CASES)('the status of a build that %s', async (state, each) => {
  const [, expected, description] = rowsOf('the build').find(([label]) => label === state) ?? []
  const shown = (status: CommitStatus | null | undefined) =>
    status ? [status.state, status.description] : ['none', '']
  const sent = await sentOf(each)
  expect(sent.length).toBeLessThanOrEqual(1)
  expect(shown(sent[0])).toEqual([expected, description])
  if (!each.isAfterAnother && !each.isAfterWait)
    expect(shown(commitStatusOf(await each.view(), URL))).toEqual([expected, description])
})

const GROUP: Partial<Build> = { event: 'merge_group', checkoutBranch: 'gh-readonly-queue/master/pr-7' }
const CONTEXTS: readonly [string, readonly Partial<Build>[]][] = [
  ['a push to a branch', [{}]],
  ['a pull request, of the repository or of a fork', [PULL, FORKED]],
  ["a merge queue's group", [GROUP]],
  ['only a deploy', [{ event: 'deploy', target: { stage: 'qa', of: 3, by: null } }]],
]

test('the table of contexts is true', () => {
  const contextOf = (build: Partial<Build>) =>
    commitStatusOf(concluded(endedRun(), { build: makeBuild(build) }), URL)?.context ?? 'none'
  expect(CONTEXTS.flatMap(([label, builds]) => builds.map(build => [label, contextOf(build)]))).toEqual(
    CONTEXTS.flatMap(([label, builds]) =>
      builds.map(() => rowsOf('build of').find(([first]) => first === label)),
    ),
  )
  expect(CONTEXTS).toHaveLength(rowsOf('build of').length)
})
