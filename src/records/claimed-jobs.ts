import { boundMoments } from './bound-moments.ts'
import { parseJobRun, RUN_RECORD_LIMIT } from './job-run.ts'
import { jobKeys } from './keys.ts'
import type { Store } from './store.ts'
import type { JobView, View } from './view.ts'

/** The most claims that are read. Further jobs stay queued until report has heard from them. */
const MOST_READ = 32

/** Looks for the claims of queued jobs: a claimed job is running, although report has not heard from it yet. */
export async function withClaims(store: Store, view: View): Promise<View> {
  const queued = view.jobs.filter(({ status }) => status === 'queued').slice(0, MOST_READ)
  if (queued.length === 0) return view
  const claimed = new Map(
    await Promise.all(queued.map(async job => [job, await readClaim(store, view, job)] as const)),
  )
  return { ...view, jobs: view.jobs.map(job => claimed.get(job) ?? job) }
}

async function readClaim(store: Store, view: View, job: JobView): Promise<JobView> {
  if (!job.ref) return job
  const body = await store.getRange(jobKeys(view, job.ref).record('claim'), 0, RUN_RECORD_LIMIT + 1)
  if (!body) return job
  const { startedAt } = boundMoments(parseJobRun(body), view.queuedAt, new Date())
  return { ...job, status: 'running', startedAt }
}
