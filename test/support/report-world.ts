import type { JobMessage } from '../../src/admission/grants.ts'
import { nonceOf } from '../../src/admission/job-nonce.ts'
import type { CommitStatus } from '../../src/github/client.ts'
import type { Build } from '../../src/model/build.ts'
import type { Compare } from '../../src/model/newer.ts'
import { commitStatusNotifier } from '../../src/notifiers/commit-status/notifier.ts'
import type { Notifier } from '../../src/notifiers/notifier.ts'
import type { Deployment } from '../../src/records/deployments.ts'
import type { JobRun } from '../../src/records/job-run.ts'
import { recordNameOf } from '../../src/records/job-run.ts'
import { buildKeys, counterKey, jobKeys, stageKeys } from '../../src/records/keys.ts'
import { readReport } from '../../src/records/read-records.ts'
import type { Deploy } from '../../src/records/report-record.ts'
import type { Store } from '../../src/records/store.ts'
import { type ReportContext, reportBuild } from '../../src/report-build.ts'
import type { ReportTrigger } from '../../src/reporting/report-trigger.ts'
import { openMemoryStore } from './memory-store.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY } from './plans.ts'
import {
  AT,
  endedRun,
  grantIssuerOf,
  makeBuild,
  RUN_FUNCTIONS,
  RUNNER_SECRETS,
  runKey,
  runOf,
} from './records.ts'

const PROJECT = 'gh/ada/web'
export const STAGE = { project: PROJECT, stage: 'production' }
export const MINUTE_MS = 60_000
export const commitOf = (letter: string) => letter.repeat(40)

/** Commits named by letters: each is an ancestor of those after it, and `master` is at the last of them. */
export const historyOf =
  (letters: string): Compare =>
  async (_, base, head) => {
    const at = (name: string) => letters.indexOf(name === 'master' ? (letters.at(-1) ?? '') : (name[0] ?? ''))
    const [from, to] = [at(base), at(head)]
    if (from < 0 || to < 0) return null
    return from === to ? 'identical' : from < to ? 'ahead' : 'behind'
  }

export const deployOf = (status: Deploy['status'], change: Partial<Deploy> = {}): Deploy => ({
  stage: STAGE.stage,
  status,
  reason: null,
  exit: null,
  url: null,
  ...change,
})
const PLAN = { build: true, reason: 'r', cmd: 'make', stage: STAGE.stage, merge: null }
const DRAFT = draftWith([draftedJob('build')], { leadRunsFirst: true, deploys: [PLANNED_DEPLOY] })

/** The first job of a build that deploys afterwards: its command has passed. */
export const testedRun = (change: Partial<JobRun> = {}) => endedRun({ plan: PLAN, draft: DRAFT, ...change })
/** The same, but its command is still running. */
export const testingRun = (change: Partial<JobRun> = {}) => runOf({ plan: PLAN, draft: DRAFT, ...change })
/** The ordinal of the job that deploys such a build. */
export const DEPLOY_KEY = 1

/** Report with everything around it in memory, and a clock that tests move. */
export class ReportWorld {
  readonly store: Store = openMemoryStore(() => this.now())
  readonly jobs: JobMessage[] = []
  readonly statuses: CommitStatus[] = []
  /** When report is invoked again by the dead man's switch (`end`) or for another look, by number. */
  readonly schedules = new Map<string, { at: Date; since: string | undefined }>()
  readonly #taken = new Set<string>()
  compare: Compare
  /** Builds for which report has invoked itself. */
  readonly invoked: number[] = []
  /** Called while GitHub sets a status. */
  onStatus = async (): Promise<void> => {}
  /** Throws what GitHub answers to everything, as long as it is set. */
  refusal: Error | null = null
  /** What every publication of a job throws, as long as it is set. */
  publication: Error | null = null
  /** By how much every schedule comes too early: clocks differ. */
  earlyMs = 0
  #clock = Date.parse(AT)
  #invocations = 0

  constructor(history: string) {
    this.compare = historyOf(history)
  }

  now = () => new Date(this.#clock)
  /** Moves the clock to so many minutes after the builds were queued. */
  at(minutes: number): void {
    this.#clock = Date.parse(AT) + minutes * MINUTE_MS
  }
  get minutes(): number {
    return (this.#clock - Date.parse(AT)) / MINUTE_MS
  }

  put = (key: string, value: unknown) => this.store.put(key, JSON.stringify(value), 'application/json')

  async build(
    number: number,
    letter: string,
    run: JobRun | null,
    change: Partial<Build> = {},
  ): Promise<Build> {
    await this.put('config/global.json', { allow: ['ada'] })
    const build = makeBuild({
      number,
      commit: commitOf(letter),
      nonce: `the-nonce-of-build-${number}`,
      ...change,
    })
    await this.put(buildKeys(build).build, build)
    await this.put(counterKey(PROJECT), { number, recent: [] })
    if (run) await this.put(runKey(build, run), { ...run, nonce: build.nonce })
    return build
  }

  /** Writes what the job that deploys a build says of itself. */
  deployJob = (number: number, run: JobRun) =>
    this.put(
      jobKeys({ project: PROJECT, number }, { key: DEPLOY_KEY, attempt: 1 }).record(recordNameOf(run)),
      {
        ...run,
        nonce: `the-nonce-of-build-${number}`,
      },
    )
  /** The builds whose deploy was published, once for each time. */
  get deploys(): number[] {
    return this.jobs.flatMap(({ build, job }) => (job.key === DEPLOY_KEY ? [build.number] : []))
  }

  /** A deployment of this build was the last one. */
  async deployed(number: number, letter: string): Promise<void> {
    const deployment: Omit<Deployment, 'fence'> = {
      ...{
        build: number,
        of: number,
        commit: commitOf(letter),
        branch: 'master',
        message: '',
        who: 'Ada',
        by: null,
      },
      ...{
        status: 'succeeded',
        reason: null,
        url: null,
        cost: null,
        durationMs: 1,
        startedAt: AT,
        endedAt: AT,
      },
    }
    await this.put(stageKeys(STAGE).current, { deployed: deployment, latest: deployment })
  }

  lock = (build: number, fence = 1) =>
    this.put(stageKeys(STAGE).lock, {
      holder: { build, until: new Date(this.#clock + 15 * MINUTE_MS).toISOString() },
      fence,
    })
  queue = (...builds: [number, letter: string][]) =>
    this.put(stageKeys(STAGE).next, {
      waiting: builds.map(([build, letter]) => ({
        ...{ build, commit: commitOf(letter) },
        since: this.now().toISOString(),
      })),
    })

  triggerOf = (number: number, change: Partial<ReportTrigger> = {}): ReportTrigger => ({
    build: { project: PROJECT, number },
    failure: null,
    isGone: false,
    ...change,
  })
  report = (number: number, change: Partial<ReportTrigger> = {}) =>
    reportBuild(this.triggerOf(number, change), this.context())
  /** Report hears from Lambda that a build's process was killed. */
  reportDeath = (number: number, job?: number) =>
    this.report(number, {
      failure: {
        ...(job !== undefined && { job }),
        nonce: job
          ? nonceOf(this.#built(number), { key: job, attempt: 1 }, RUNNER_SECRETS.linkKey)
          : `the-nonce-of-build-${number}`,
        requestId: 'request-1',
        reason: 'its process was killed',
      },
    })
  #built = (number: number) => makeBuild({ number, nonce: `the-nonce-of-build-${number}` })
  endOf = async (number: number) => (await readReport(this.store, { project: PROJECT, number }))?.end ?? null

  /** Moves the clock to the next schedule, and invokes report for it. False if there is none. */
  async advance(): Promise<boolean> {
    const [next] = [...this.schedules].toSorted(([, one], [, other]) => one.at.getTime() - other.at.getTime())
    if (!next) return false
    const [name, { at, since }] = next
    this.schedules.delete(name)
    this.#taken.add(name)
    this.#clock = Math.max(this.#clock, at.getTime() - this.earlyMs)
    await this.report(Number.parseInt(name, 10), since === undefined ? {} : { since }).catch(() => {})
    return true
  }

  context(): ReportContext {
    const holder = `report-${++this.#invocations}`
    const answer = <A extends unknown[], T>(work: (...args: A) => Promise<T>) => {
      return async (...args: A): Promise<T> => {
        if (this.refusal) throw this.refusal
        return work(...args)
      }
    }
    const compare: Compare = answer((...range) => this.compare(...range))
    const notifier = commitStatusNotifier({
      leaseHolder: { store: this.store, now: this.now, holder },
      github: {
        compare,
        setStatus: answer(async status => {
          this.statuses.push(status)
          await this.onStatus()
        }),
      },
    })
    return {
      store: this.store,
      compare,
      secrets: async () => RUNNER_SECRETS,
      grantIssuer: { ...grantIssuerOf(null), publicToken: answer(async () => null) },
      deadMansSwitch: {
        set: async ({ number }, at, look) => {
          const name = look ? `${number}-look` : `${number}`
          // As on AWS, the name of a switch that has fired or was cleared may still be taken.
          const isTaken = this.schedules.has(name) || this.#taken.has(name)
          if (look || !isTaken) this.schedules.set(name, { at, since: look?.since })
        },
        move: async ({ number }, at) => {
          this.schedules.set(`${number}`, { at, since: undefined })
        },
        clear: async ({ number }) => {
          for (const name of [`${number}-look`, `${number}`])
            if (this.schedules.delete(name)) this.#taken.add(name)
        },
      },
      publish: async message => {
        if (this.publication) throw this.publication
        this.jobs.push(message)
      },
      notifiers: [notifier as Notifier],
      runFunctions: RUN_FUNCTIONS,
      invokeReport: async ({ number }) => void this.invoked.push(number),
      requestId: holder,
      now: this.now,
    }
  }
}
