import type { JobMessage } from '../../src/admission/grants.ts'
import { acquireStage, candidateOf } from '../../src/deploy/acquire-stage.ts'
import { attemptOf, deploymentOf, recordAttempt, recordDeployment } from '../../src/deploy/deployments.ts'
import { isByHand, readGate } from '../../src/deploy/gate.ts'
import type { Build } from '../../src/model/build.ts'
import { readCancelRequest } from '../../src/records/cancel-request.ts'
import type { Deploy } from '../../src/records/job-run.ts'
import { LEAD } from '../../src/records/keys.ts'
import { endAfterDeploy, type RunEnd, runEnd } from '../../src/records/run-end.ts'
import { RunRecorder } from '../../src/records/run-recorder.ts'
import type { Store } from '../../src/records/store.ts'
import { runOf } from '../support/records.ts'
import type { Random } from './seeded.ts'

export type JobWorld = {
  store: Store
  random: Random
  now: () => Date
  /** Lets other things happen before it resolves. It rejects if the job's process dies meanwhile. */
  pause: () => Promise<void>
  /** Whether the command passes for this build. */
  passes: (build: Build) => boolean
  /** Whether the build is skipped once its files are read. */
  skips: (build: Build) => boolean
  onDeploy: (build: Build) => Promise<void>
}

const EXIT = { kind: 'exited', code: 0 } as const
const LOOKS_AT_GATE = 6

/** A job that does with its records, its stage and its gate what a real one does, and only the command is left out. */
export async function simulateJob({ build }: JobMessage, world: JobWorld): Promise<void> {
  const { store, now, pause, passes, skips } = world
  const runner = {
    ...(runOf().runner as NonNullable<ReturnType<typeof runOf>['runner']>),
    requestId: `run-${build.number}`,
  }
  const recorder = await RunRecorder.claim(store, build, LEAD, { runner, now: now() })
  if (!recorder) return
  await pause()
  const stage = build.trust === 'protected' ? 'dev' : null
  const end = await run(build, stage, recorder, world)
  await pause()
  await recorder.record({
    ...end,
    phase: 'ended',
    log: { bytes: 1, complete: true, segments: 1 },
    endedAt: now().toISOString(),
  })

  async function run(
    build: Build,
    stage: string | null,
    recorder: RunRecorder,
    world: JobWorld,
  ): Promise<RunEnd> {
    if (skips(build)) return runEnd('skipped', { reason: 'None of the files is covered.' })
    await recorder.record({
      phase: 'running',
      plan: { build: true, reason: 'r', cmd: 'make', stage, merge: null },
    })
    await pause()
    const request = await readCancelRequest(store, build)
    // As in a plan: a newer commit does not cancel what has a stage.
    if (request && (request.supersededBy === null || stage === null))
      return runEnd('cancelled', { reason: request.why })
    if (!build.target && !passes(build))
      return runEnd('failed', { exit: { kind: 'exited', code: 1 }, reason: 'red' })
    if (stage === null) return runEnd('passed', { exit: EXIT })
    return endAfterDeploy(build, EXIT, await deploy(build, stage, recorder, world))
  }
}

async function deploy(build: Build, name: string, recorder: RunRecorder, world: JobWorld): Promise<Deploy> {
  const { store, now, pause, random, onDeploy } = world
  const stage = { project: build.project, stage: name }
  const none: Deploy = { stage: name, status: 'waiting', reason: null, exit: null, url: null, by: null }
  const checkGate = async () => {
    if (isByHand(build)) return { isOpen: true, reason: null }
    await recorder.record({ phase: 'deploying', conclusion: 'passed', exit: EXIT, deploy: none })
    for (let look = 0; look < LOOKS_AT_GATE; look++) {
      const gate = await readGate(store, build)
      if (gate) return gate
      await pause()
    }
    return null
  }
  const candidate = candidateOf(build, now().getTime() + 900_000)
  const acquired = await acquireStage(store, stage, candidate, { now, checkGate })
  if (acquired.status !== 'acquired') return { ...none, status: acquired.status, reason: acquired.reason }
  const begun = { url: null, startedAt: now(), fence: acquired.fence }
  const recording = [
    () => recordAttempt(store, stage, attemptOf(build, begun)),
    () =>
      recorder.record({
        phase: 'deploying',
        conclusion: 'passed',
        exit: EXIT,
        deploy: { ...none, status: 'running' },
      }),
  ]
  // They are written at the same time: either may be the first.
  for (const record of random.chance(0.5) ? recording : recording.toReversed()) {
    await record()
    await pause()
  }
  await onDeploy(build)
  await pause()
  const status = random.chance(0.9) ? 'succeeded' : 'failed'
  const reason = status === 'failed' ? 'the deploy failed' : null
  const done = { ...begun, status, reason, endedAt: now(), cost: null } as const
  await recordDeployment(store, stage, deploymentOf(build, done))
  await pause()
  await acquired.release()
  return { ...none, status, reason }
}
