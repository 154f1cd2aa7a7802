import { type AdmissionContext, admit } from '../../src/admission/admit.ts'
import { admitDeploy, admitRebuild } from '../../src/admission/admit-again.ts'
import { LONGEST_RUN_SECONDS, LONGEST_WAIT_SECONDS } from '../../src/admission/deadlines.ts'
import type { JobMessage } from '../../src/admission/grants.ts'
import { mayRetry } from '../../src/admission/may-retry.ts'
import { recordGone } from '../../src/admission/record-gone.ts'
import { holdStage, readHold, releaseStage } from '../../src/deploy/hold.ts'
import { readLockHolder } from '../../src/deploy/lock.ts'
import { type Build, buildRequestSchema } from '../../src/model/build.ts'
import { hasEnded } from '../../src/model/conclusion.ts'
import { z } from '../../src/model/zod.ts'
import { commitStatusNotifier } from '../../src/notifiers/commit-status/notifier.ts'
import type { Notifier } from '../../src/notifiers/notifier.ts'
import { approve } from '../../src/records/approval.ts'
import { requestCancel } from '../../src/records/cancel-request.ts'
import { lastNumber } from '../../src/records/counter.ts'
import { readBuild, readReport } from '../../src/records/read-records.ts'
import type { Store } from '../../src/records/store.ts'
import type { View } from '../../src/records/view.ts'
import { type ReportContext, reportBuild } from '../../src/report-build.ts'
import { type ReportTrigger, reportTriggersOf } from '../../src/reporting/report-trigger.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { grantIssuerOf, makeBuild, RUN_FUNCTIONS, RUNNER_SECRETS } from '../support/records.ts'
import type { GitWorld, Hook } from './git-world.ts'
import { HoldModel } from './hold-model.ts'
import type { Random } from './seeded.ts'
import { requestIdOf, STAGE, simulateJob } from './simulated-job.ts'

export const PROJECT = 'gh/ada/web'
const MINUTE_MS = 60_000
const START = Date.parse('2026-11-20T10:00:00Z')
const AWAKE = /\/(claim|draft|end|cancel|gone|approve)\.json$/
const IN_STAGE = /\/stages\//

/** A job's process dies now and then, at any of its steps. */
const DEATH = 0.02
/** The process of an invocation of report dies now and then, as it is about to use the record of a stage. */
const REPORT_DEATH = 0.002
/** A write of report's fails now and then. */
const FAULT = 0.005
/** Another invocation comes between two requests of report about a stage. */
const INTERRUPTION = 0.2
/** A job's message is never delivered now and then, or no function is free for it. */
const LOSS = 0.01
const LONGEST_REPORT_MS = 120_000
/** Everything takes a long time now and then. */
const DELAY = 0.005
const LONGEST_DELAY_MS = 10 * MINUTE_MS
const LONGEST_SILENCE_MS = 300 * MINUTE_MS

/** An invocation of report; Lambda's retries of it have the same `holder`. */
type Waiting = { trigger: ReportTrigger; attempt: number; notBefore: number; holder: string }
class Died extends Error {}

/** A message on its way to its function. */
type Sent = { message: JobMessage; at: number }
/** An invocation in the middle of its work. */
type Paused = { resume: () => Promise<void> }

/** A deploy whose command has begun. */
export type Deployed = Pick<Build, 'commit' | 'number'> & {
  isByHand: boolean
  /** Null: it runs, or its process has died. */
  hasSucceeded: boolean | null
}

const notifiedSchema = z.object({ notified: z.string(), error: z.null() })

/**
 * The product's own functions, with everything around them in memory: a store, messages that come in any order, twice or
 * late, a clock that moves, Lambda's retries, and the dead man's switch.
 */
export class Product {
  readonly store: Store
  readonly project = PROJECT
  /** Continues a job or answers a message: whatever can happen next. */
  readonly #jobs: Sent[] = []
  readonly #paused: Paused[] = []
  readonly #reports: Waiting[] = []
  /** The dead man's switches and the looks that are set, by name. */
  readonly #schedules = new Map<string, { number: number; at: number; since: string | undefined }>()
  readonly hooks: Hook[] = []
  /** In the order in which they have begun. */
  readonly deploys: Deployed[] = []
  /** Until when a command may still deploy, by the number of its build. */
  readonly #deploying = new Map<number, number>()
  /** What people were told of each build last, by number. */
  readonly notified = new Map<number, string>()
  /** The numbers of builds a job of which has died. */
  readonly died = new Set<number>()
  /** The numbers of builds that repeat others. */
  readonly repeats = new Set<number>()
  readonly #received: Hook[] = []
  /** The number of the first build of each delivery. */
  readonly #first = new Map<string, number>()
  readonly #holds = new HoldModel()
  /** The heads that the branch of the stage has had, in order. */
  readonly #heads: string[] = []
  /** How many heads there were when a deploy by hand was requested, by its number. */
  readonly #requestedAt = new Map<number, number>()
  /** The numbers of builds that a person has approved. */
  readonly #approved = new Set<number>()
  /** Whether a person has ever held the stage. */
  wasHeld = false
  /** What went wrong while it played, as sentences. */
  readonly wrong: string[] = []
  readonly #random: Random
  readonly #world: () => GitWorld
  #clock = START
  #invocations = 0
  #requests = 0
  #silentUntil = 0

  constructor(random: Random, world: () => GitWorld) {
    this.#random = random
    this.#world = world
    const memory = openMemoryStore(this.now)
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
        const etag = await memory.put(key, body, type)
        woken(key)
        return etag
      },
      putIf: async (key, body, condition) => {
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
    this.#clock += this.#random.below(this.#random.chance(DELAY) ? LONGEST_DELAY_MS : 2000)
    const reports = this.#dueReports()
    const [hooks, jobs, paused] = [this.hooks.length, this.#jobs.length, this.#paused.length]
    const at = this.#random.below(hooks + jobs + paused + reports.length)
    if (at < hooks) await this.#receive(this.#take(this.hooks, this.#inOrder(at)))
    else if (at < hooks + jobs) await this.#start(this.#take(this.#jobs, at - hooks))
    else if (at < hooks + jobs + paused) await this.#take(this.#paused, at - hooks - jobs).resume()
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

  /** A person asks for any build once more, or for what has failed of it. It is refused if that has not ended, or only deploys. */
  async rebuild(): Promise<void> {
    const result = await admitRebuild(
      this.#requestId(),
      { project: PROJECT, number: await this.#anyNumber(), failed: this.#random.chance(0.3) },
      this.#context(),
    )
    if ('build' in result) this.repeats.add(result.build.number)
  }

  /** A person has GitHub deliver a push once more. */
  redeliver(): void {
    const received = this.#received.filter(({ kind }) => kind === 'push')
    if (received.length > 0) this.hooks.push(this.#random.pick(received))
  }

  /** A branch has moved to a commit. */
  move = (branch: string, commit: string | null): void => {
    if (branch === 'master' && commit !== null) this.#heads.push(commit)
  }

  /** A person deploys any commit, an older one as well. It is refused if its tests have not passed. */
  async deploy(): Promise<void> {
    const number = await this.#anyNumber()
    const wanted = { project: PROJECT, number, stage: STAGE, by: 'ada' }
    const heads = this.#heads.length
    const result = await admitDeploy(this.#requestId(), wanted, this.#context())
    if ('build' in result) this.#requestedAt.set(result.build.number, heads)
  }

  /** A person cancels a build that has not ended. */
  async cancel(): Promise<void> {
    const build = { project: PROJECT, number: await this.#anyNumber() }
    if ((await readReport(this.store, build))?.end) return
    const at = this.now().toISOString()
    await requestCancel(this.store, build, { by: 'ada', why: 'by ada', supersededBy: null, at })
  }

  /** A person approves a build, whether it waits or not; now and then with the commit of another one. */
  async approve(): Promise<void> {
    const build = await readBuild(this.store, { project: PROJECT, number: await this.#anyNumber() })
    if (!build) return
    const { number } = build
    const commit = this.#random.chance(0.1) ? 'f'.repeat(40) : build.commit
    const at = this.now().toISOString()
    const standing = await approve(this.store, build, { number, commit, by: 'ada', at })
    if (standing.commit === build.commit) this.#approved.add(number)
  }

  /** A person holds the stage, or lets pushes deploy to it again. */
  async hold(): Promise<void> {
    const stage = { project: PROJECT, stage: STAGE }
    const standing = await readHold(this.store, stage)
    if (standing && (standing.build === null || this.#random.chance(0.5))) {
      await releaseStage(this.store, stage)
      this.#holds.release()
      return
    }
    await holdStage(this.store, stage, { by: 'ada', at: this.now().toISOString() })
    this.#holds.hold(await lastNumber(this.store, PROJECT))
    this.wasHeld = true
  }

  #anyNumber = async () => 1 + this.#random.below(await lastNumber(this.store, PROJECT))
  #requestId = () => `request-${++this.#requests}`

  #invoke(trigger: ReportTrigger): void {
    this.#reports.push({ trigger, attempt: 0, notBefore: 0, holder: `report-${++this.#invocations}` })
  }

  #mayFail(key: string): void {
    // Whoever finds the lease of a commit taken waits by the real clock.
    if (key.includes('/commits/')) return
    if (this.#random.chance(FAULT)) throw new Error('S3: 503')
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
    this.#received.push(hook)
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
    if ('build' in result) {
      const { number } = result.build
      const first = this.#first.get(hook.id) ?? number
      this.#first.set(hook.id, first)
      // GitHub has delivered it again after its build had ended.
      if (number !== first) this.repeats.add(number)
    } else if (ignored === undefined) throw new Error(`Refused: ${JSON.stringify(result)}`)
  }

  /** Runs a job until it pauses for the first time. */
  async #start({ message, at }: Sent): Promise<void> {
    if (this.#random.chance(LOSS)) return
    const isTooLate = this.#clock > at + LONGEST_WAIT_SECONDS * 1000
    if (isTooLate || this.#random.chance(LOSS)) return this.#fail(message, 'a-dropped-event')
    const { resume, pause, finished } = this.#pausable()
    const until = this.#clock + LONGEST_RUN_SECONDS * 1000
    const job = simulateJob(message, {
      store: this.store,
      random: this.#random,
      now: this.now,
      pause: async () => {
        await pause()
        if (this.#clock > until || this.#random.chance(DEATH)) throw new Died()
      },
      passes,
      skips,
      hasTwoJobs,
      onDeploy: message => this.#onDeploy(message, until),
    }).catch(error => {
      if (!(error instanceof Died)) throw error
      this.#deploying.delete(message.build.number)
      this.died.add(message.build.number)
      // Lambda's report of it may be lost: then the switch makes up for it.
      if (this.#random.chance(0.9)) this.#fail(message, requestIdOf(message))
    })
    void job.then(finished, finished)
    await resume()
    await Promise.race([job, Promise.resolve()])
  }

  /** Lambda says that an invocation has failed. */
  #fail({ build, job: { key, attempt, nonce } }: JobMessage, requestId: string): void {
    const { number } = build
    const failure = { nonce: nonce ?? build.nonce, requestId, reason: 'its process was killed' }
    const ofJob = key + attempt > 1 && { job: key, attempt }
    this.#invoke({ build: { project: PROJECT, number }, failure: { ...failure, ...ofJob }, isGone: false })
  }

  #startDeploy({ number, commit, target }: Build): void {
    const heads = this.#heads.slice(Math.max(0, (this.#requestedAt.get(number) ?? 0) - 1))
    const started = { number, isByHand: target !== null, mayBeHead: heads.includes(commit) }
    this.wrong.push(...this.#holds.start(started))
  }

  /** A deploy's command runs, at most until the function's time limit. */
  async #onDeploy({ build, job }: JobMessage, until: number): Promise<(hasSucceeded: boolean) => void> {
    const { commit, number, target } = build
    for (const [other, end] of this.#deploying)
      if (end > this.#clock) this.wrong.push(`#${number} was deployed while #${other} was being deployed.`)
    if (this.deploys.some(each => each.number === number)) this.wrong.push(`#${number} was deployed twice.`)
    if (this.repeats.has(number)) this.wrong.push(`#${number} was deployed, and only repeats a build.`)
    if (build.trust !== 'protected' || job.deploy?.stage !== STAGE)
      this.wrong.push(`#${number} was deployed to ${job.deploy?.stage}, with trust ${build.trust}.`)
    const holder = await readLockHolder(this.store, { project: PROJECT, stage: STAGE }, this.now())
    if (holder?.build !== number)
      this.wrong.push(`#${number} was deployed while #${holder?.build} had the stage.`)
    const end = (await readReport(this.store, { project: PROJECT, number }))?.end
    if (end) this.wrong.push(`#${number} was deployed after it was reported as ${end.conclusion}.`)
    const deployed: Deployed = { commit, number, isByHand: target !== null, hasSucceeded: null }
    this.deploys.push(deployed)
    this.#deploying.set(number, until)
    return hasSucceeded => {
      deployed.hasSucceeded = hasSucceeded
      this.#deploying.delete(number)
    }
  }

  #pausable() {
    let onPause = () => {}
    let done = false
    const paused = () =>
      new Promise<void>(resolve => {
        if (done) resolve()
        else onPause = resolve
      })
    let pausing: Promise<void> | null = null
    // What it does at the same time pauses and continues together: until all of it continues, nothing else would happen.
    const pause = () => {
      pausing ??= new Promise<void>(continued => {
        this.#paused.push({
          resume: async () => {
            pausing = null
            const next = paused()
            continued()
            await next
          },
        })
        onPause()
      })
      return pausing
    }
    const finished = (error?: unknown) => {
      done = true
      onPause()
      if (error instanceof Error) throw error
    }
    return { resume: paused, pause, finished }
  }

  /** Runs report until it pauses for the first time, or ends. */
  async #report(waiting: Waiting): Promise<void> {
    const { trigger, attempt, holder } = waiting
    this.#reports.splice(this.#reports.indexOf(waiting), 1)
    if (this.#random.chance(0.08)) this.#world().refusals = 1 + this.#random.below(4)
    if (this.#random.chance(0.003)) this.#silentUntil = this.#clock + this.#random.below(LONGEST_SILENCE_MS)
    this.#world().isSilent = () => this.#clock < this.#silentUntil
    this.#world().hasSeenCommits = () => this.#clock > START + 50 * MINUTE_MS
    // Lambda tries twice again, after one and two minutes.
    const fail = () => {
      const notBefore = this.#clock + (attempt + 1) * MINUTE_MS
      if (attempt < 2) this.#reports.push({ ...waiting, attempt: attempt + 1, notBefore })
    }
    const { resume, pause, finished } = this.#pausable()
    const until = this.#clock + LONGEST_REPORT_MS
    const die = () => {
      fail()
      finished()
      // Nothing of a process that was killed ever continues.
      return new Promise<never>(() => {})
    }
    const store = this.#storeOfReport(async () => {
      if (this.#random.chance(REPORT_DEATH)) return die()
      if (!this.#random.chance(INTERRUPTION)) return
      // What else it does at the same time comes to its end.
      await new Promise(setImmediate)
      await pause()
      if (this.#clock > until) await die()
    })
    const notifier = commitStatusNotifier({
      leaseHolder: { store, now: this.now, holder },
      github: { compare: this.#world().compare, setStatus: this.#world().setStatus },
      checks: { checks: { put: this.#world().putCheck }, mayRetry: view => mayRetry(store, view) },
    })
    const notifiers = [notifier as Notifier, this.#people as Notifier]
    const work = reportBuild(trigger, { ...this.#context(), store, notifiers, requestId: holder }).catch(fail)
    void work.then(() => finished(), finished)
    await resume()
  }

  /** @param onStage is called before each request about a stage */
  #storeOfReport(onStage: () => Promise<void>): Store {
    const { store } = this
    const before = async (key: string) => {
      if (IN_STAGE.test(key)) await onStage()
    }
    return {
      ...store,
      get: async key => {
        await before(key)
        return store.get(key)
      },
      put: async (key, body, type) => {
        await before(key)
        this.#mayFail(key)
        return store.put(key, body, type)
      },
      putIf: async (key, body, condition) => {
        await before(key)
        this.#mayFail(key)
        return store.putIf(key, body, condition)
      },
    }
  }

  /** Tells people how a build stands, once for each change. */
  readonly #people: Notifier<object, z.infer<typeof notifiedSchema>> = {
    name: 'people',
    settings: z.object({}),
    delivered: notifiedSchema,
    notify: async ({ view: { number, status, deploy } }, _, delivered) => {
      const notified = deploy ? `${status}, deploy ${deploy.status}` : status
      if (status === 'queued' || delivered?.notified === notified) return { delivered, again: false }
      const before = this.notified.get(number)
      if (before !== undefined && before !== notified && isEnd(before))
        this.wrong.push(`#${number} was told as "${before}", and then as "${notified}".`)
      this.notified.set(number, notified)
      return { delivered: { notified, error: null }, again: false }
    },
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
        move: async ({ number }, at) => {
          this.#schedules.set(`${number}`, { number, at: at.getTime(), since: undefined })
        },
        clear: async ({ number }) => {
          for (const name of [`${number}`, `${number}-look`]) this.#schedules.delete(name)
        },
      },
      publish: async message => {
        if (message.job.deploy) this.#startDeploy(message.build)
        const { number, approval } = message.build
        if (approval !== null && !this.#approved.has(number))
          this.wrong.push(`#${number} was started without an approval (${approval}).`)
        const sent = { message, at: this.#clock }
        this.#jobs.push(sent)
        if (this.#random.chance(0.05)) this.#jobs.push(sent)
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

/** Whether what people were told is an end. */
export const isEnd = (notified: string) => hasEnded(notified.split(',')[0] as View['status'])

/** What a command would find: the same for the same commit and branch, but that one build in five finds something else. */
const passes = ({ commit, trigger, number }: Build, job: string) =>
  (commit.charCodeAt(0) + trigger.length + job.length + (number % 5 === 0 ? 1 : 0)) %
    (job === 'build' ? 3 : 5) !==
  0

const hasTwoJobs = ({ commit }: Build) => commit.charCodeAt(2) % 3 === 0

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
    isStranger: isFork && pull !== 2,
    cloneRepository: isFork ? 'stranger/web' : 'ada/web',
  })
}
