import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Conclusion } from '../../../src/model/conclusion.ts'
import { titleOf } from '../../../src/model/job.ts'
import type { CancelRequest } from '../../../src/records/cancel-request.ts'
import type { PlanRecord } from '../../../src/records/plan-record.ts'
import { type JobState, jobStateSchema } from '../../../src/records/report-record.ts'
import { type Schedule, scheduleJobs } from '../../../src/reporting/schedule.ts'
import { draftedJob, drafts, draftWith, PLANNED_DEPLOY, planOf, stateWith } from '../../support/plans.ts'
import { AT } from '../../support/records.ts'
import { runs } from '../../support/runs.ts'

const LINT = draftedJob('lint')
const UNIT = draftedJob('unit', { shards: 2, needs: ['lint'] })
const E2E = draftedJob('e2e', { needs: ['unit'] })
const DOCS = draftedJob('docs')
const NODE = draftedJob('node', { cells: [{ NODE: '22' }, { NODE: '24' }] })
const CHAIN = [LINT, UNIT, E2E]

type Change = Partial<JobState>
const RUNNING: Change = { publications: 1 }
const PASSED: Change = { publications: 1, conclusion: 'passed', exit: { kind: 'exited', code: 0 } }
const FAILED: Change = {
  publications: 1,
  conclusion: 'failed',
  exit: { kind: 'exited', code: 1 },
  reason: 'npm test ended with exit code 1',
}
const KILLED: Change = {
  publications: 1,
  conclusion: 'failed',
  exit: { kind: 'signalled', signal: 'SIGKILL' },
}
const DIED: Change = { publications: 1, conclusion: 'errored', reason: 'The job died: it ran out of memory' }
const CANCELLED: Change = { publications: 1, conclusion: 'cancelled', reason: 'by ada' }

const BY_ADA: CancelRequest = { by: 'ada', why: 'by ada', supersededBy: null, at: AT }
const NEWER: CancelRequest = { by: 'lambci', why: 'Superseded by #9', supersededBy: 9, at: AT }

/** States by title; a job that is not named has not been started. */
const statesOf = ({ jobs }: PlanRecord, changes: Record<string, Change>) =>
  jobs.map(job => stateWith(job.key, changes[titleOf(job)]))

/** A schedule as it is read by people. */
function describe(plan: PlanRecord, { ended, ready, endsOthers, conclusion }: Schedule) {
  const title = (key: number) =>
    titleOf(plan.jobs.find(job => job.key === key) ?? { name: '?', cell: {}, shard: null })
  return {
    ready: ready.map(({ job }) => titleOf(job)),
    ended: ended.map(each => `${title(each.key)}: ${each.conclusion}, ${each.reason}`),
    endsOthers,
    conclusion: conclusion && `${conclusion.conclusion}: ${conclusion.reason}`,
  }
}

type Expected = Partial<ReturnType<typeof describe>>
type Row = [string, PlanRecord, Record<string, Change>, CancelRequest | null, Expected]
const FAST = planOf(draftWith([...CHAIN, DOCS], { failFast: true }))
const SLOW = planOf(draftWith([...CHAIN, DOCS]))
const DEPLOYING = planOf(draftWith([LINT, DOCS], { deploys: [PLANNED_DEPLOY] }))
const LENIENT = planOf(
  draftWith([draftedJob('lint', { allowFailure: true }), DOCS], {
    deploys: [PLANNED_DEPLOY],
    failFast: true,
  }),
)
const FEW = planOf(draftWith([NODE, DOCS], { maxParallel: 2 }))

test.each<Row>([
  ['nothing has started', SLOW, {}, null, { ready: ['lint', 'docs'] }],
  ['one runs', SLOW, { lint: RUNNING }, null, { ready: ['docs'] }],
  ['one has passed', SLOW, { lint: PASSED }, null, { ready: ['unit (1/2)', 'unit (2/2)', 'docs'] }],
  [
    'one of two shards has passed',
    SLOW,
    { lint: PASSED, 'unit (1/2)': PASSED, 'unit (2/2)': RUNNING, docs: RUNNING },
    null,
    {},
  ],
  [
    'one of two shards has failed',
    SLOW,
    { lint: PASSED, 'unit (1/2)': FAILED, 'unit (2/2)': RUNNING, docs: PASSED },
    null,
    { ended: ['e2e: skipped, unit (1/2) failed'] },
  ],
  [
    'all have passed',
    SLOW,
    { lint: PASSED, 'unit (1/2)': PASSED, 'unit (2/2)': PASSED, e2e: PASSED, docs: PASSED },
    null,
    { conclusion: 'passed: null' },
  ],
  ['no job applies', planOf(draftWith([])), {}, null, { conclusion: 'passed: No job applies' }],
  [
    'the first one has failed: behind it, nothing runs',
    SLOW,
    { lint: FAILED, docs: RUNNING },
    null,
    {
      ended: [
        'unit (1/2): skipped, lint failed',
        'unit (2/2): skipped, lint failed',
        'e2e: skipped, lint failed',
      ],
    },
  ],
  [
    'the first one has died',
    SLOW,
    { lint: DIED, docs: PASSED },
    null,
    {
      ended: [
        'unit (1/2): skipped, lint ended in an error',
        'unit (2/2): skipped, lint ended in an error',
        'e2e: skipped, lint ended in an error',
      ],
      conclusion: 'errored: 1 of 5 jobs ended in an error: lint. The job died: it ran out of memory',
    },
  ],
  [
    'with failFast, one that fails ends the others',
    FAST,
    { lint: RUNNING, docs: FAILED },
    null,
    {
      ended: [
        'unit (1/2): skipped, docs failed',
        'unit (2/2): skipped, docs failed',
        'e2e: skipped, docs failed',
      ],
      endsOthers: 'docs',
    },
  ],
  [
    'with failFast, nothing is left to end',
    FAST,
    { lint: FAILED, docs: PASSED },
    null,
    {
      ended: [
        'unit (1/2): skipped, lint failed',
        'unit (2/2): skipped, lint failed',
        'e2e: skipped, lint failed',
      ],
      conclusion: 'failed: 1 of 5 jobs failed: lint',
    },
  ],
  ['a failure that is allowed ends nothing', LENIENT, { lint: FAILED, docs: RUNNING }, null, {}],
  [
    'a failure that is allowed lets the deploy start, and shows',
    LENIENT,
    { lint: FAILED, docs: PASSED },
    null,
    { ready: ['deploy'], conclusion: 'passed: lint failed, which is allowed' },
  ],
  [
    'one that was killed is not allowed to fail',
    LENIENT,
    { lint: KILLED, docs: RUNNING },
    null,
    { ended: ['deploy: skipped, lint failed'], endsOthers: 'lint' },
  ],
  ['the deploy waits for all', DEPLOYING, { lint: PASSED, docs: RUNNING }, null, {}],
  [
    'the deploy starts when all have passed',
    DEPLOYING,
    { lint: PASSED, docs: PASSED },
    null,
    { ready: ['deploy'], conclusion: 'passed: null' },
  ],
  [
    'the deploy runs',
    DEPLOYING,
    { lint: PASSED, docs: PASSED, deploy: RUNNING },
    null,
    { conclusion: 'passed: null' },
  ],
  [
    'the deploy has failed: that is no test',
    DEPLOYING,
    { lint: PASSED, docs: PASSED, deploy: FAILED },
    null,
    { conclusion: 'passed: null' },
  ],
  [
    'no deploy after a failure, though others still run',
    DEPLOYING,
    { lint: FAILED, docs: RUNNING },
    null,
    { ended: ['deploy: skipped, lint failed'] },
  ],
  [
    'no deploy after one that was cancelled',
    DEPLOYING,
    { lint: CANCELLED, docs: PASSED },
    null,
    { ended: ['deploy: cancelled, by ada'], conclusion: 'cancelled: by ada' },
  ],
  [
    'no deploy after one that has not run, though nothing failed',
    DEPLOYING,
    { lint: { conclusion: 'skipped' }, docs: PASSED },
    null,
    { ended: ['deploy: skipped, lint was skipped'], conclusion: 'errored: 1 of 2 jobs never ran: lint' },
  ],
  [
    'a plan without tests deploys',
    planOf(draftWith([], { deploys: [PLANNED_DEPLOY] })),
    {},
    null,
    { ready: ['deploy'], conclusion: 'passed: No job applies' },
  ],
  [
    'cancelled while one runs',
    SLOW,
    { lint: RUNNING },
    BY_ADA,
    {
      ended: [
        'unit (1/2): cancelled, by ada',
        'unit (2/2): cancelled, by ada',
        'e2e: cancelled, by ada',
        'docs: cancelled, by ada',
      ],
    },
  ],
  [
    'cancelled before anything ran',
    planOf(draftWith([LINT, DOCS])),
    {},
    BY_ADA,
    {
      ended: ['lint: cancelled, by ada', 'docs: cancelled, by ada'],
      conclusion: 'cancelled: by ada',
    },
  ],
  [
    'cancelled after a failure: behind it, jobs are skipped',
    SLOW,
    { lint: FAILED },
    BY_ADA,
    {
      ended: [
        'unit (1/2): skipped, lint failed',
        'unit (2/2): skipped, lint failed',
        'e2e: skipped, lint failed',
        'docs: cancelled, by ada',
      ],
      conclusion: 'failed: 1 of 5 jobs failed: lint',
    },
  ],
  [
    'cancelled when all tests have passed: whether the deploy is still wanted is decided when its turn comes',
    DEPLOYING,
    { lint: PASSED, docs: PASSED },
    BY_ADA,
    { ready: ['deploy'], conclusion: 'passed: null' },
  ],
  [
    'the request says why, whatever a job says',
    planOf(draftWith([LINT])),
    { lint: { ...CANCELLED, reason: 'Superseded by #1' } },
    BY_ADA,
    { conclusion: 'cancelled: by ada' },
  ],
  [
    'behind one that was cancelled',
    planOf(draftWith(CHAIN)),
    { lint: CANCELLED },
    null,
    {
      ended: ['unit (1/2): cancelled, by ada', 'unit (2/2): cancelled, by ada', 'e2e: cancelled, by ada'],
      conclusion: 'cancelled: by ada',
    },
  ],
  ['a newer commit ends no build that says so', SLOW, { lint: RUNNING }, NEWER, { ready: ['docs'] }],
  [
    'a newer commit ends another build',
    planOf(draftWith([LINT, DOCS], { cancelSuperseded: true })),
    { lint: PASSED },
    NEWER,
    { ended: ['docs: cancelled, Superseded by #9'], conclusion: 'cancelled: Superseded by #9' },
  ],
  ['no more than the build may run at once', FEW, {}, null, { ready: ['node (NODE=22)', 'node (NODE=24)'] }],
  ['one place is left', FEW, { 'node (NODE=22)': RUNNING }, null, { ready: ['node (NODE=24)'] }],
  ['no place is left', FEW, { 'node (NODE=22)': RUNNING, 'node (NODE=24)': RUNNING }, null, {}],
  [
    'a place is free again',
    FEW,
    { 'node (NODE=22)': PASSED, 'node (NODE=24)': RUNNING },
    null,
    { ready: ['docs'] },
  ],
])('%s', (_, plan, changes, request, expected) => {
  const nothing = { ready: [], ended: [], endsOthers: null, conclusion: null }
  expect(describe(plan, scheduleJobs(plan, statesOf(plan, changes), request))).toEqual({
    ...nothing,
    ...expected,
  })
})

test('a job without a state has not been started', () => {
  const { ready } = scheduleJobs(SLOW, [], null)
  expect(ready.map(({ job, state }) => [titleOf(job), state.key])).toEqual([
    ['lint', 1],
    ['docs', 5],
  ])
  const states = statesOf(SLOW, { lint: PASSED, 'unit (1/2)': PASSED, 'unit (2/2)': PASSED, docs: PASSED })
  expect(scheduleJobs(SLOW, states.slice(0, 3), null).conclusion).toBeNull()
})

test('reasons fit into the state of a job, whatever the titles and requests', () => {
  const long = draftedJob('node', { cells: [{ NODE: '\u{1f30d}'.repeat(100) }] })
  const plan = planOf(draftWith([long, draftedJob('e2e', { needs: ['node'] }), DOCS], { failFast: true }))
  const request = { ...BY_ADA, why: '\u{1f30d}'.repeat(150) }
  for (const [changes, standing] of [
    [{ [titleOf({ name: 'node', cell: long.cells[0] ?? {}, shard: null })]: FAILED, docs: RUNNING }, null],
    [{}, request],
  ] as const) {
    const { ended, endsOthers } = scheduleJobs(plan, statesOf(plan, changes), standing)
    expect(ended.length).toBeGreaterThan(0)
    for (const each of ended) expect(jobStateSchema.parse(stateWith(each.key, each))).toMatchObject(each)
    expect(`${endsOthers ?? ''} failed`.length).toBeLessThan(200)
  }
})

/** How the command of a job ends if it is not interrupted. */
const RESULTS: { name: string; change: Change; isRed: (mayFail: boolean) => boolean }[] = [
  { name: 'passed', change: PASSED, isRed: () => false },
  { name: 'failed', change: FAILED, isRed: mayFail => !mayFail },
  {
    name: 'timed out',
    change: { conclusion: 'failed', exit: { kind: 'timed-out', afterMs: 1000 } },
    isRed: mayFail => !mayFail,
  },
  { name: 'killed', change: KILLED, isRed: () => true },
  { name: 'died', change: DIED, isRed: () => true },
]
type Result = (typeof RESULTS)[number]
const results = fc.oneof(
  { weight: 6, arbitrary: fc.constant(RESULTS[0] as Result) },
  fc.constantFrom(...RESULTS),
)

type Script = {
  /** How each job ends, in the order of the plan. */
  results: readonly Result[]
  /** What happens next, as numbers: whatever is possible then. */
  choices: readonly number[]
  request: CancelRequest | null
  /** After how many events the request comes. */
  requestedAfter: number
}
const scripts: fc.Arbitrary<Script> = fc.record({
  results: fc.array(results, { minLength: 40, maxLength: 40 }),
  choices: fc.array(fc.nat({ max: 999 }), { minLength: 30, maxLength: 30 }),
  request: fc.constantFrom(null, null, BY_ADA, NEWER),
  requestedAfter: fc.nat({ max: 12 }),
})

/** A build that is played to its end. Each look checks what must hold at any time. */
class Simulation {
  readonly starts: number[] = []
  readonly broken: string[] = []
  states: JobState[]
  request: CancelRequest | null = null
  #events = 0
  private readonly plan: PlanRecord
  private readonly script: Script

  constructor(plan: PlanRecord, script: Script) {
    this.plan = plan
    this.script = script
    // The lead runs the first job, if its ordinal is 0.
    this.states = plan.jobs.map(({ key }) => stateWith(key, key === 0 ? RUNNING : {}))
    if (this.state(0)) this.starts.push(0)
  }

  state = (key: number) => this.states.find(each => each.key === key)
  result = (key: number) => this.script.results[key % this.script.results.length] as Result
  job = (key: number) => this.plan.jobs.find(job => job.key === key)
  isRed = (state: JobState) =>
    state.conclusion === 'errored' ||
    (state.conclusion === 'failed' &&
      this.result(state.key).isRed(this.job(state.key)?.allowFailure ?? false))
  isDone = (state: JobState) =>
    state.conclusion === 'passed' || (state.conclusion === 'failed' && !this.isRed(state))
  tests = () => this.states.filter(({ key }) => !this.job(key)?.isDeploy)
  isCounted = () =>
    this.request !== null && (this.request.supersededBy === null || this.plan.cancelSuperseded)
  running = () =>
    this.states.filter(({ conclusion, publications }) => conclusion === null && publications > 0)

  set(key: number, change: Change) {
    this.states = this.states.map(state => (state.key === key ? { ...state, ...change } : state))
  }
  #choose = () => this.script.choices[this.#events % this.script.choices.length] ?? 0
  #require(law: string, holds: boolean) {
    if (!holds) this.broken.push(law)
  }

  play(): this {
    for (let looks = 0; looks < 500; looks++) {
      const schedule = this.look()
      if (this.broken.length > 0) return this
      if (schedule.ready.length === 0 && this.running().length === 0) return this
      // Report may end between any two steps, or find fewer places: then some start later.
      const places = this.running().length === 0 ? 1 + (this.#choose() % 4) : this.#choose() % 4
      for (const { job } of schedule.ready.slice(0, places)) {
        this.starts.push(job.key)
        this.set(job.key, RUNNING)
      }
      this.happen()
    }
    this.broken.push('it comes to an end')
    return this
  }

  /** One job ends, or a request comes. */
  happen() {
    const { request, requestedAfter } = this.script
    this.#events += 1
    if (this.#events === requestedAfter) this.request = request
    const running = this.running()
    const next = running[this.#choose() % Math.max(1, running.length)]
    if (!next || this.#choose() % 5 === 0) return
    const isInterrupted = this.isCounted() && this.#choose() % 2 === 0
    const { change } = this.result(next.key)
    this.set(
      next.key,
      isInterrupted ? { conclusion: 'cancelled', reason: this.request?.why ?? null } : change,
    )
  }

  look(): Schedule {
    const before = this.states
    const schedule = scheduleJobs(this.plan, before, this.request)
    const backwards = scheduleJobs(this.plan, before.toReversed(), this.request)
    this.#require(
      'the order of the states does not matter',
      JSON.stringify(schedule) === JSON.stringify(backwards),
    )
    const redBefore = this.tests().filter(this.isRed)
    for (const { key, conclusion, reason } of schedule.ended) {
      const state = this.state(key)
      this.#require(
        'only what has not started is ended',
        state?.publications === 0 && state.conclusion === null,
      )
      this.set(key, { conclusion, reason })
    }
    for (const { key, conclusion, reason } of schedule.ended) {
      const ancestors = this.ancestors(key)
      const may =
        this.plan.failFast || this.job(key)?.isDeploy
          ? redBefore
          : redBefore.filter(each => ancestors.has(each.key))
      if (conclusion === 'skipped')
        this.#require(
          'skipped behind a red job, which is named',
          may.some(red => reason === this.sentenceOf(red)),
        )
      else
        this.#require('cancelled by a request that counts', this.isCounted() && reason === this.request?.why)
      this.#require('behind a red job it is skipped', may.length === 0 || conclusion === 'skipped')
    }
    this.checkReady(schedule)
    this.checkConclusion(schedule, redBefore)
    const again = scheduleJobs(this.plan, this.states, this.request)
    const isSame = JSON.stringify(again) === JSON.stringify({ ...schedule, ended: [], ready: again.ready })
    this.#require(
      'a look that is repeated finds nothing more',
      isSame && again.ready.length === schedule.ready.length,
    )
    return schedule
  }

  checkReady({ ready }: Schedule) {
    const keys = ready.map(({ job }) => job.key)
    this.#require(
      'in the order of the plan',
      keys.every((key, at) => at === 0 || key > (keys[at - 1] ?? 0)),
    )
    this.#require(
      'ready has not started',
      ready.every(({ state }) => state.publications === 0 && state.conclusion === null),
    )
    this.#require(
      'nothing that has ended is ready',
      keys.every(key => this.state(key)?.conclusion === null),
    )
    const total = this.running().length + ready.length
    this.#require(
      'no more than allowed at once',
      total <= Math.max(this.running().length, this.plan.maxParallel ?? total),
    )
    const needed = (key: number) =>
      this.tests().filter(
        each => this.job(key)?.isDeploy || this.needs(key).includes(this.job(each.key)?.name ?? ''),
      )
    this.#require(
      'what it needs is done',
      keys.every(key => needed(key).every(this.isDone)),
    )
    // A deploy asks for its turn, and is told there.
    const isTest = ({ job }: Schedule['ready'][number]) => !job.isDeploy
    this.#require('no test starts after a request', !ready.some(isTest) || !this.isCounted())
    const isFast = this.plan.failFast && this.tests().some(this.isRed)
    this.#require('with failFast, nothing starts after a red job', ready.length === 0 || !isFast)
    const waits = this.states.some(
      ({ conclusion, publications }) => conclusion === null && publications === 0,
    )
    this.#require('something runs or may start as long as something waits', !waits || total > 0)
  }

  checkConclusion({ conclusion, endsOthers }: Schedule, red: readonly JobState[]) {
    const tests = this.tests()
    const isOver = tests.every(state => state.conclusion !== null)
    this.#require('it ends once all tests have', (conclusion !== null) === isOver)
    const isDecided = this.plan.failFast && red.length > 0 && this.running().length > 0
    this.#require('others are ended by failFast', (endsOthers !== null) === isDecided)
    if (conclusion === null) return
    const has = (searched: Conclusion) => tests.some(state => state.conclusion === searched)
    const expected: Conclusion = tests.every(this.isDone)
      ? 'passed'
      : has('errored')
        ? 'errored'
        : red.length > 0
          ? 'failed'
          : 'cancelled'
    this.#require(`it ends as its jobs did: ${expected}`, conclusion.conclusion === expected)
    if (expected === 'cancelled')
      this.#require('the request says why', conclusion.reason === this.request?.why)
  }

  needs = (key: number) => this.job(key)?.needs.map(({ job }) => job) ?? []
  /** The ordinals of all jobs that one needs, be it by way of others. */
  ancestors(key: number): Set<number> {
    const direct = this.plan.jobs.filter(({ name, isDeploy }) => !isDeploy && this.needs(key).includes(name))
    return new Set(direct.flatMap(each => [each.key, ...this.ancestors(each.key)]))
  }
  sentenceOf({ key, conclusion }: JobState) {
    const job = this.job(key)
    return job && `${titleOf(job)} ${conclusion === 'errored' ? 'ended in an error' : 'failed'}`
  }
}

test('any build comes to its end in the right order, whatever happens when', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(drafts, scripts, (draft, script) => {
      const plan = planOf(draft)
      const simulation = new Simulation(plan, script).play()
      const { broken, starts, states } = simulation
      expect(broken).toEqual([])
      expect(starts.length).toBe(new Set(starts).size)
      expect(states.filter(({ conclusion }) => conclusion === null)).toEqual([])
      const started = states.filter(({ publications }) => publications > 0).map(({ key }) => key)
      expect(starts.toSorted()).toEqual(started.toSorted())
      const isGreen = simulation.tests().every(simulation.isDone)
      const deploy = states.find(({ key }) => simulation.job(key)?.isDeploy)
      if (deploy) expect(deploy.publications > 0).toBe(isGreen)
      if (!simulation.isCounted() && !simulation.tests().some(simulation.isRed))
        expect(started.length).toBe(states.length)
      for (const { conclusion } of simulation.tests()) seen.add(`${conclusion}`)
      if (deploy) seen.add(`deploy ${deploy.conclusion}`)
    }),
    // All of them always: the rarest end below takes one of 75 runs.
    { numRuns: 1500 },
  )
  // Else the laws may have held for nothing.
  expect([...seen]).toEqual(
    expect.arrayContaining([
      ...['passed', 'failed', 'errored', 'cancelled', 'skipped'],
      ...['deploy passed', 'deploy failed', 'deploy errored', 'deploy cancelled', 'deploy skipped'],
    ]),
  )
})

test('which job ends first changes nothing, unless one ends the others', () => {
  fc.assert(
    fc.property(
      drafts,
      scripts,
      fc.array(fc.nat({ max: 999 }), { minLength: 30, maxLength: 30 }),
      (draft, script, choices) => {
        const plan = planOf({ ...draft, failFast: false })
        const known = { ...script, request: null }
        const [one, other] = [known, { ...known, choices }].map(each =>
          new Simulation(plan, each).play(),
        ) as [Simulation, Simulation]
        const ends = (simulation: Simulation) =>
          simulation.states.map(({ key, conclusion }) => ({ key, conclusion }))
        expect(ends(one)).toEqual(ends(other))
        expect(one.look().conclusion).toEqual(other.look().conclusion)
      },
    ),
    runs(300),
  )
})

test('256 jobs that each need all before them are scheduled at once', () => {
  const jobs = Array.from({ length: 256 }, (_, at) =>
    draftedJob(`j${at}`, { needs: Array.from({ length: at }, (__, before) => `j${before}`) }),
  )
  const plan = planOf(draftWith(jobs, { deploys: [PLANNED_DEPLOY] }))
  const states = statesOf(plan, Object.fromEntries(jobs.slice(0, 255).map(({ name }) => [name, PASSED])))
  expect(describe(plan, scheduleJobs(plan, states, null)).ready).toEqual(['j255'])
})
