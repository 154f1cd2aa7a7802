import type { JobMessage } from '../../src/admission/grants.ts'
import type { Build } from '../../src/model/build.ts'
import { DEPLOY_JOB } from '../../src/model/job.ts'
import { type CancelRequest, readCancelRequest } from '../../src/records/cancel-request.ts'
import type { Draft } from '../../src/records/plan-record.ts'
import { type RunEnd, runEnd } from '../../src/records/run-end.ts'
import { RunRecorder } from '../../src/records/run-recorder.ts'
import type { Store } from '../../src/records/store.ts'
import { draftedJob, draftWith, PLANNED_DEPLOY } from '../support/plans.ts'
import { runOf } from '../support/records.ts'
import type { Random } from './seeded.ts'

export type JobWorld = {
  store: Store
  random: Random
  now: () => Date
  /** Lets other things happen before it resolves. It rejects if the job's process dies meanwhile. */
  pause: () => Promise<void>
  /** Whether the command of a job passes for this build. */
  passes: (build: Build, job: string) => boolean
  /** Whether the build is skipped once its files are read. */
  skips: (build: Build) => boolean
  /** Whether the files of this build have two jobs. */
  hasTwoJobs: (build: Build) => boolean
  /** The command of a deploy begins. Returns what is to be called once it has ended; a process that dies does not call it. */
  onDeploy: (message: JobMessage) => Promise<(isDeployed: boolean) => void>
}

export const STAGE = 'dev'
const DEPLOY = { ...PLANNED_DEPLOY, stage: STAGE }
const EXIT = { kind: 'exited', code: 0 } as const
const RED = { exit: { kind: 'exited', code: 1 }, reason: 'red' } as const

/** A job that does with its records what a real one does, and only the command is left out. */
export async function simulateJob(message: JobMessage, world: JobWorld): Promise<void> {
  const { build, job } = message
  const { store, now, pause } = world
  const runner = {
    ...(runOf().runner as NonNullable<ReturnType<typeof runOf>['runner']>),
    requestId: requestIdOf(message),
  }
  const recorder = await RunRecorder.claim(store, build, job, { runner, now: now() })
  if (!recorder) return
  await pause()
  const end =
    job.identity === null
      ? await lead(build, recorder, world)
      : job.identity.name === DEPLOY_JOB
        ? await deploy(message, world)
        : await test(build, job.identity.name, job.key, world)
  await pause()
  await recorder.record({
    ...end,
    phase: 'ended',
    log: { bytes: 1, complete: true, segments: 1 },
    endedAt: now().toISOString(),
  })
}

/** Of the invocation that runs a job. */
export const requestIdOf = ({ build, job }: JobMessage) => `run-${build.number}-${job.key}-${job.attempt}`

async function lead(build: Build, recorder: RunRecorder, world: JobWorld): Promise<RunEnd> {
  if (world.skips(build)) return runEnd('skipped', { reason: 'None of the files is covered.' })
  const stage = build.trust === 'protected' ? STAGE : null
  const plan = { build: true, reason: 'r', cmd: 'make', stage, merge: null, commonDigest: 'of-all' }
  const draft = draftOf(build, stage, world)
  await recorder.record({ phase: 'running', plan, draft })
  await world.pause()
  if (draft && !draft.leadRunsFirst) return runEnd('passed', {})
  return test(build, 'build', 0, world)
}

function draftOf(build: Build, stage: string | null, { hasTwoJobs }: JobWorld): Draft | null {
  const names = build.target ? [] : hasTwoJobs(build) ? ['build', 'unit'] : ['build']
  if (stage === null && names.length === 1 && build.retryOf === null) return null
  return draftWith(
    names.map(name => draftedJob(name, { digest: `of-${name}` })),
    {
      leadRunsFirst: names.length > 0 && build.retryOf === null,
      cancelSuperseded: stage === null,
      deploys: stage === null ? [] : [DEPLOY],
    },
  )
}

async function test(build: Build, job: string, key: number, world: JobWorld): Promise<RunEnd> {
  await world.pause()
  const request = await readCancelRequest(world.store, build)
  // As in a plan: a newer commit does not cancel what has a stage.
  if (request && (isByPerson(request) || build.trust !== 'protected'))
    return runEnd('cancelled', { reason: request.why })
  if (key > 0) await world.pause()
  return world.passes(build, job) ? runEnd('passed', { exit: EXIT }) : runEnd('failed', RED)
}

const isByPerson = ({ supersededBy }: CancelRequest) => supersededBy === null

async function deploy(message: JobMessage, { store, random, pause, onDeploy }: JobWorld): Promise<RunEnd> {
  const request = await readCancelRequest(store, message.build)
  if (request && isByPerson(request)) return runEnd('cancelled', { reason: request.why })
  const ended = await onDeploy(message)
  for (let pauses = 1 + random.below(4); pauses > 0; pauses--) await pause()
  const isDeployed = random.chance(0.9)
  ended(isDeployed)
  return isDeployed
    ? runEnd('passed', { exit: EXIT })
    : runEnd('failed', { ...RED, reason: 'the deploy failed' })
}
