import { type AdmissionContext, admit } from '../../src/admission/admit.ts'
import { admitRebuild } from '../../src/admission/admit-again.ts'
import type { JobMessage } from '../../src/admission/grants.ts'
import { recordGone } from '../../src/admission/record-gone.ts'
import { type Build, buildRequestSchema } from '../../src/model/build.ts'
import { commitStatusNotifier } from '../../src/notifiers/commit-status/notifier.ts'
import type { Notifier } from '../../src/notifiers/notifier.ts'
import { lastNumber } from '../../src/records/counter.ts'
import { readReport } from '../../src/records/read-records.ts'
import type { Store } from '../../src/records/store.ts'
import { type ReportContext, reportBuild } from '../../src/report-build.ts'
import { type ReportTrigger, reportTriggersOf } from '../../src/reporting/report-trigger.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { grantIssuerOf, makeBuild, RUN_FUNCTIONS, RUNNER_SECRETS } from '../support/records.ts'
import type { GitWorld, Hook } from './git-world.ts'
import type { Random } from './seeded.ts'
import { simulateJob } from './simulated-job.ts'

export const PROJECT = 'gh/ada/web'
const MINUTE_MS = 60_000
const START = Date.parse('2026-11-20T10:00:00Z')
const AWAKE = /\/(claim|draft|gate-request|deploy|end|cancel|gone)\.json$/

/** A job's process dies now and then, at any of its steps. */
const DEATH = 0.02
/** A write of report's fails now and then. */
const FAULT = 0.005
const LONGEST_SILENCE_MS = 300 * MINUTE_MS

/** An invocation of report; Lambda's retries of it have the same `holder`. */
type Waiting = { trigger: ReportTrigger; attempt: number; notBefore: number; holder: string }
class Died extends Error {}

/**
 * The product's own functions, with everything around them in memory: a store, messages that come in any order, twice or
 * late, a clock that moves, Lambda's retries, and the dead man's switch.
 */
export class Product {
  readonly store: Store
  readonly project = PROJECT
  /** Continues a job or answers a message: whatever can happen next. */
  readonly #jobs: JobMessage[] = []
  readonly #paused: (() => Promise<void>)[] = []
  readonly #reports: Waiting[] = []
  /** The dead man's switches and the looks that are set, by name. */
  readonly #schedules = new Map<string, { number: number; at: number; since: string | undefined }>()
  readonly hooks: Hook[] = []
  readonly deploys: { commit: string; isByHand: boolean; waited: number | null }[] = []
  /** What went wrong while it played, as sentences. */
  readonly wrong: string[] = []
  readonly #random: Random
  readonly #world: () => GitWorld
  #clock = START
  #invocations = 0
  #rebuilds = 0
  #silentUntil = 0
  #isReporting = false

  constructor(random: Random, world: () => GitWorld) {
    this.#random = random
    this.#world = world
    const memory = openMemoryStore()
    const woken = (key: string) => {
      if (!AWAKE.test(key)) return
      const triggers = reportTriggersOf({
        Records: [{ eventTime: this.now().toISOString(), s3: { object: { key } } }],
      })
      // A notification may be late or doubled; only what the switch makes up for may be lost.
      const copies =
        /\/jobs\/\d+\/\d+\/[a-z-]+\.json$/.test(key) && random.chance(0.05) ? 0 : random.chance(0.1) ? 2 : 1
      for (let copy = 0; copy < copies; copy++) for (const trigger of triggers) this.#invoke(trigger)
    }
    this.store = {
      ...memory,
      put: async (key, body, type) => {
        this.#mayFail(key)
        const etag = await memory.put(key, body, type)
        woken(key)
        return etag
      },
      putIf: async (key, body, condition) => {
        this.#mayFail(key)
        const write = await memory.putIf(key, body, condition)
        if (write.isWritten) woken(key)
        return write
      },
    }
  }

  now = () => new Date(this.#clock)

  /** How many things can happen now. */
  get pending(): number {
    return this.hooks.length + this.#jobs.length + this.#paused.length + this.#dueReports().length
  }

  /** Lets one of the things happen that can happen now. */
  async step(): Promise<void> {
    this.#clock += this.#random.below(2000)
    const reports = this.#dueReports()
    const [hooks, jobs, paused] = [this.hooks.length, this.#jobs.length, this.#paused.length]
    const at = this.#random.below(hooks + jobs + paused + reports.length)
    if (at < hooks) await this.#receive(this.#take(this.hooks, this.#inOrder(at)))
    else if (at < hooks + jobs) await this.#start(this.#take(this.#jobs, at - hooks))
    else if (at < hooks + jobs + paused) await this.#take(this.#paused, at - hooks - jobs)()
    else await this.#report(reports[at - hooks - jobs - paused] as Waiting)
  }

  /** Moves the clock to the next retry or schedule; false if nothing is left to come. */
  advance(): boolean {
    const schedules = [...this.#schedules]
    const times = [...schedules.map(([, { at }]) => at), ...this.#reports.map(({ notBefore }) => notBefore)]
    if (times.length === 0) return false
    this.#clock = Math.max(this.#clock, Math.min(...times)) + 1
    for (const [name, { number, at, since }] of schedules)
      if (at <= this.#clock) {
        this.#schedules.delete(name)
        const event = { switch: { project: PROJECT, number, ...(since && { since }) } }
        for (const trigger of reportTriggersOf(event)) this.#invoke(trigger)
      }
    return true
  }

  /** Somebody asks for any build once more; it is refused if that has not ended, or only deploys. */
  async rebuild(): Promise<void> {
    const number = 1 + this.#random.below(await lastNumber(this.store, PROJECT))
    await admitRebuild(`rebuild-${++this.#rebuilds}`, { project: PROJECT, number }, this.#context())
  }

  #invoke(trigger: ReportTrigger): void {
    this.#reports.push({ trigger, attempt: 0, notBefore: 0, holder: `report-${++this.#invocations}` })
  }

  #mayFail(key: string): void {
    // Whoever finds the lease of a commit taken waits by the real clock.
    if (key.includes('/commits/')) return
    if (this.#isReporting && this.#random.chance(FAULT)) throw new Error('S3: 503')
  }

  #dueReports = () => this.#reports.filter(({ notBefore }) => notBefore <= this.#clock)

  /** Webhooks come in any order, but a pull request is not closed before its earlier events and not after later ones. */
  #inOrder(at: number): number {
    const chosen = this.hooks[at]
    if (!chosen || !('pull' in chosen)) return at
    const earlier = this.hooks.findIndex(hook => 'pull' in hook && hook.pull === chosen.pull)
    const [isClose, isAfterClose] = [chosen.kind === 'close', this.hooks[earlier]?.kind === 'close']
    return isClose || isAfterClose ? earlier : at
  }

  #take<T>(from: T[], index: number): T {
    return from.splice(index, 1)[0] as T
  }

  async #receive(hook: Hook): Promise<void> {
    if (hook.kind === 'close')
      return recordGone(this.store, { project: PROJECT, trigger: `pr/${hook.pull}` }, this.now())
    if (hook.kind === 'delete')
      return recordGone(this.store, { project: PROJECT, trigger: `push/${hook.branch}` }, this.now())
    const request = buildRequestSchema.parse(requestOf(hook))
    const ignored = hook.kind === 'push' && this.#world().unbuilt.has(hook.after) ? 'Skipped.' : undefined
    const result = await admit(
      hook.id,
      { request, isArrival: true, ...(ignored && { ignored }) },
      this.#context(),
    )
    if (!('build' in result) && ignored === undefined) throw new Error(`Refused: ${JSON.stringify(result)}`)
  }

  /** Runs a job until it pauses for the first time. */
  async #start(message: JobMessage): Promise<void> {
    const { resume, pause, finished } = this.#pausable()
    const { number, nonce } = message.build
    const job = simulateJob(message, {
      store: this.store,
      random: this.#random,
      now: this.now,
      pause: async () => {
        await pause()
        if (this.#random.chance(DEATH)) throw new Died()
      },
      passes: build => passes(build),
      skips: build => skips(build),
      onDeploy: build => this.#onDeploy(build),
    }).catch(error => {
      if (!(error instanceof Died)) throw error
      const failure = { nonce, requestId: `run-${number}`, reason: 'its process was killed' }
      // Lambda's report of it may be lost: then the switch makes up for it.
      if (this.#random.chance(0.9))
        this.#invoke({ build: { project: PROJECT, number }, failure, isGone: false })
    })
    void job.then(finished, finished)
    await resume()
    await Promise.race([job, Promise.resolve()])
  }

  /** A deploy's command runs. */
  async #onDeploy({ commit, number, target }: Build): Promise<void> {
    const waited = target?.waited ?? null
    const before = waited === null ? undefined : this.deploys.find(each => each.waited === waited)
    if (before) this.wrong.push(`#${waited} was deployed twice.`)
    this.deploys.push({ commit, isByHand: target !== null && waited === null, waited })
    const end =
      waited === null ? null : (await readReport(this.store, { project: PROJECT, number: waited }))?.end
    const status = end?.deploy?.status
    if (end && status !== 'waiting')
      this.wrong.push(
        `#${number} deployed for #${waited}, which was reported as ${status ?? end.conclusion}.`,
      )
  }

  #pausable() {
    let onPause = () => {}
    let done = false
    const paused = () =>
      new Promise<void>(resolve => {
        if (done) resolve()
        else onPause = resolve
      })
    const pause = () =>
      new Promise<void>(continued => {
        this.#paused.push(async () => {
          const next = paused()
          continued()
          await next
        })
        onPause()
      })
    const finished = (error?: unknown) => {
      done = true
      onPause()
      if (error instanceof Error) throw error
    }
    return { resume: paused, pause, finished }
  }

  async #report(waiting: Waiting): Promise<void> {
    const { trigger, attempt, holder } = waiting
    this.#reports.splice(this.#reports.indexOf(waiting), 1)
    if (this.#random.chance(0.08)) this.#world().refusals = 1 + this.#random.below(4)
    if (this.#random.chance(0.003)) this.#silentUntil = this.#clock + this.#random.below(LONGEST_SILENCE_MS)
    this.#world().isSilent = () => this.#clock < this.#silentUntil
    this.#world().hasSeenCommits = () => this.#clock > START + 50 * MINUTE_MS
    const notifier = commitStatusNotifier({
      leaseHolder: { store: this.store, now: this.now, holder },
      github: { compare: this.#world().compare, setStatus: this.#world().setStatus },
    })
    this.#isReporting = true
    try {
      await reportBuild(trigger, { ...this.#context(), notifiers: [notifier as Notifier], requestId: holder })
    } catch {
      // Lambda tries twice again, after one and two minutes.
      const notBefore = this.#clock + (attempt + 1) * MINUTE_MS
      if (attempt < 2) this.#reports.push({ ...waiting, attempt: attempt + 1, notBefore })
    } finally {
      this.#isReporting = false
    }
  }

  #context(): AdmissionContext & ReportContext {
    return {
      store: this.store,
      linkKey: RUNNER_SECRETS.linkKey,
      secrets: async () => RUNNER_SECRETS,
      grantIssuer: grantIssuerOf(null),
      deadMansSwitch: {
        set: async ({ number }, at, look) => {
          const name = look ? `${number}-look` : `${number}`
          if (look || !this.#schedules.has(name))
            this.#schedules.set(name, { number, at: at.getTime(), since: look?.since })
        },
        clear: async ({ number }) => {
          for (const name of [`${number}`, `${number}-look`]) this.#schedules.delete(name)
        },
      },
      publish: async message => {
        this.#jobs.push(message)
        if (this.#random.chance(0.05)) this.#jobs.push(message)
      },
      compare: this.#world().compare,
      baseUrl: 'https://ci.example.com',
      now: this.now,
      notifiers: [],
      runFunctions: RUN_FUNCTIONS,
      invokeReport: async build => {
        for (const trigger of reportTriggersOf({ switch: build })) this.#invoke(trigger)
      },
      requestId: '',
    }
  }
}

/** What a command would find: the same for the same commit and branch, but that one build in five finds something else. */
const passes = ({ commit, trigger, number }: Build) =>
  (commit.charCodeAt(0) + trigger.length + (number % 5 === 0 ? 1 : 0)) % 3 !== 0

/** Whether none of the files that a push changes is relevant. */
const skips = ({ commit, trigger, baseCommit, target }: Build) =>
  target === null && baseCommit !== null && (commit.charCodeAt(1) + trigger.length) % 4 === 0

function requestOf(hook: Extract<Hook, { kind: 'push' | 'pull' }>) {
  if (hook.kind === 'push') {
    const { branch, before, after } = hook
    return makeBuild({
      trigger: `push/${branch}`,
      branch,
      checkoutBranch: branch,
      commit: after,
      baseCommit: before,
    })
  }
  const { pull, isFork, headName, head } = hook
  return makeBuild({
    event: 'pull_request',
    trigger: `pr/${pull}`,
    pullRequest: pull,
    checkoutBranch: headName.split(':').at(-1) ?? '',
    commit: head,
    isFork,
    cloneRepository: isFork ? 'stranger/web' : 'ada/web',
  })
}
