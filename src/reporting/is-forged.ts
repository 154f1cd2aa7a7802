import { nonceOf } from '../admission/job-nonce.ts'
import type { Build } from '../model/build.ts'
import { jobKeys } from '../records/keys.ts'
import { readRun } from '../records/read-records.ts'
import type { Failure } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'

type Context = { store: Store; secrets: () => Promise<{ linkKey: string }> }

/**
 * Whether a failure record is not about an invocation for this job: it lacks the nonce of the attempt, or another invocation has claimed
 * the attempt. Logs the record then. Writes nothing and reads at most one object that report has not kept, so that forged records cause no
 * work for report.
 */
export async function isForged(
  build: Build,
  failure: Failure | null,
  { store, secrets }: Context,
): Promise<boolean> {
  if (!failure) return false
  const job = { key: failure.job ?? 0, attempt: failure.attempt ?? 1 }
  const { linkKey } = await secrets()
  const hasNonce = failure.nonce === nonceOf(build, job, linkKey)
  if (hasNonce && (await mayHaveRun(build, job, failure, store))) return false
  console.error(`A failure record of ${build.project} #${build.number} is of no invocation of its jobs.`)
  return true
}

async function mayHaveRun(
  build: Build,
  job: { key: number; attempt: number },
  { requestId }: Failure,
  store: Store,
): Promise<boolean> {
  const claim = await readRun(store, jobKeys(build, job).record('claim'))
  return claim === null || claim.runner?.requestId === requestId
}
