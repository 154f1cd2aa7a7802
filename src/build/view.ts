import type { Job } from '../job/job.ts'
import type { Report } from './report-record.ts'
import type { BuildStatus } from './result.ts'
import type { Deploy, Run } from './run-record.ts'

/** What stands on record about one build; absent records are null. */
export type Records = { job: Job; run: Run | null; report: Report | null }

/** A build as pages, commands, statuses and notices show it. */
export type View = Omit<
  Job,
  'settings' | 'nonce' | 'delivery' | 'latestEnd' | 'event' | 'isDependabot' | 'baseUrl'
> & {
  status: BuildStatus
  reason: string | null
  startedAt: string | null
  endedAt: string | null
  exit: Run['exit']
  stage: string | null
  deploy: Deploy | null
  log: Run['log']
  timings: Run['timings']
  runner: Run['runner'] | null
  /** US dollars, roughly; null before the end. */
  cost: number | null
}

/** The view is a pure function of the three records; an ending that report accepted outweighs the course. */
export function viewOf({ job, run, report }: Records): View {
  const {
    settings: _,
    nonce: _n,
    delivery: _d,
    latestEnd: _l,
    event: _e,
    isDependabot: _b,
    baseUrl: _u,
    ...identity
  } = job
  const ending = report?.ending ?? null
  return {
    ...identity,
    status: ending?.result ?? statusOf(run),
    reason: ending ? ending.reason : (run?.reason ?? null),
    startedAt: run?.startedAt ?? null,
    endedAt: ending?.endedAt ?? run?.endedAt ?? null,
    exit: run?.exit ?? null,
    stage: run?.plan?.stage ?? null,
    deploy: ending ? ending.deploy : (run?.deploy ?? null),
    log: run?.log ?? null,
    timings: run?.timings ?? {},
    runner: run?.runner ?? null,
    cost: report?.cost ?? null,
  }
}

function statusOf(run: Run | null): BuildStatus {
  if (!run || run.phase === 'claimed') return 'queued'
  if (run.phase === 'ended') return run.result ?? 'errored'
  return run.phase
}
