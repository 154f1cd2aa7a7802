import type { Exit } from '../build/exit.ts'
import { succeeded } from '../build/result.ts'
import type { Deploy } from '../build/run-record.ts'
import type { Store } from '../build/store.ts'
import type { Job } from '../job/job.ts'
import type { PlannedStage } from '../plan/plan.ts'
import { type LedgerEntry, recordDeploy } from './ledger.ts'
import type { Held } from './lock.ts'
import { askForStage } from './turn.ts'

/** What a deploy command came to: its exit, and what went wrong in a line. */
export type DeployOutcome = { exit: Exit | null; reason: string | null }

/** What deploying needs of the build that does it. */
export type Hands = {
  store: Store
  /** By then the build has ended; ms since 1970. */
  deadline: number
  now: () => Date
  /** US dollars so far. */
  cost: () => number | null
  say: (line: string) => Promise<void>
  /** A reason stands in the record, too. */
  redact: (text: string) => string
  /** Called with the stage in hand, before anything is done to it. */
  begin: (deploy: Deploy) => Promise<void>
  run: () => Promise<DeployOutcome>
}

/** A holder is gone by its deadline; what it then still writes has a minute. */
const LEASE_EXTRA_MS = 60_000

/** Deploys a build to its stage, if it is its turn; whatever comes of it, the tests' result stays. */
export async function deployStage(job: Job, planned: PlannedStage, hands: Hands): Promise<Deploy> {
  const { say, redact } = hands
  const { name, url, problem } = planned
  const deploy: Deploy = { stage: name, status: 'running', reason: null, exit: null, url, by: null }
  const end: End = async (status, reason) => {
    await say(reason)
    return { ...deploy, status, reason: redact(reason).slice(0, 500) }
  }
  if (problem !== null) return end('failed', problem)
  try {
    return await takeTurn(job, deploy, hands, end)
  } catch (error) {
    console.error(error)
    return end('failed', `A fault in the runner: ${(error as Error).message}`)
  }
}

type End = (status: Deploy['status'], reason: string) => Promise<Deploy>

async function takeTurn(job: Job, deploy: Deploy, hands: Hands, end: End): Promise<Deploy> {
  const { store, deadline, now } = hands
  const { stage: name } = deploy
  const me = {
    build: job.number,
    order: job.target?.order ?? job.number,
    commit: job.commit,
    until: new Date(deadline + LEASE_EXTRA_MS).toISOString(),
  }
  const turn = await askForStage(store, { project: job.project, stage: name }, me, now)
  if ('waitsFor' in turn)
    return end('waiting', `Stage ${name} is being deployed by #${turn.waitsFor}: this deploy comes after it`)
  if ('overtakenBy' in turn) return end('cancelled', `Overtaken by #${turn.overtakenBy}`)
  try {
    return await deployInHand(job, deploy, me.order, hands)
  } finally {
    await release(turn.held)
  }
}

async function deployInHand(job: Job, deploy: Deploy, order: number, hands: Hands): Promise<Deploy> {
  const { store, now, say, begin, run, cost } = hands
  const startedAt = now()
  await begin(deploy)
  await say(`Deploying to ${deploy.stage}`)
  const { exit, reason } = await run()
  const status = exit && succeeded(exit) ? 'succeeded' : 'failed'
  const endedAt = now()
  const entry: LedgerEntry = {
    ...{ build: job.number, of: job.target?.of ?? job.number, order },
    ...{ commit: job.commit, branch: job.branch, who: job.author.name, url: deploy.url, status, reason },
    message: job.message.split('\n')[0]?.slice(0, 200) ?? '',
    startedAt: startedAt.toISOString(),
    endedAt: endedAt.toISOString(),
    durationMs: Math.max(0, endedAt.getTime() - startedAt.getTime()),
    cost: cost(),
  }
  await recordDeploy(store, { project: job.project, stage: deploy.stage }, entry)
  return { ...deploy, status, exit, reason }
}

/** What cannot be given back now is free when report hears of our end, or when the lease is over. */
const release = (held: Held) => held.release().catch(() => {})
