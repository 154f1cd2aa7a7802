import { readAccount } from '../account/settings.ts'
import { buildRequestSchema } from '../model/build.ts'
import { mostJobs } from '../model/job.ts'
import { splitOf } from '../model/split.ts'
import { trustOf } from '../model/trust.ts'
import type { Store } from '../records/store.ts'
import { readTestRecord } from '../records/test-record.ts'
import { type Records, viewOf } from '../records/view.ts'
import { type AdmissionContext, type AdmissionResult, admit, isDone } from './admit.ts'
import { asOfNow, findBuild } from './admit-again.ts'
import { chooseJob, explainRepeating } from './repetition.ts'
import type { FlakyRequest } from './signed-requests.ts'

/**
 * Repeats a job of an ended build several times at once, in a separate build that has no status and decides nothing: as often as requested,
 * up to the account's limit of jobs. A shard that has files runs only those whose tests failed.
 */
export async function admitRepetition(
  deliveryId: string,
  { times, job: wanted, ...ref }: FlakyRequest,
  context: AdmissionContext,
): Promise<AdmissionResult> {
  const { store, now } = context
  const records = await findBuild(store, ref)
  if ('refused' in records) return records
  const { build } = records
  const { project, number, repository } = build
  const repeating = explainRepeating(build, 'flaky')
  if (repeating !== null || build.target) {
    const reason =
      repeating ?? `Build #${number} of ${repository} only deploys, and a deploy is never repeated.`
    return { refused: 'forbidden', reason }
  }
  if (!isDone(records, now())) {
    const reason = `Build #${number} of ${repository} has not ended yet: it is ${viewOf(records).status}.`
    return { refused: 'conflict', reason }
  }
  const chosen = chooseJob(records, wanted)
  if ('refused' in chosen) return { refused: 'conflict', reason: chosen.refused }
  const request = buildRequestSchema.parse(await asOfNow(store, build))
  const account = await readAccount(store, project)
  const most = mostJobs(account.maxJobs, trustOf(request, account.mayDeploy))
  const files = await failedFiles(store, records, chosen.job)
  const repeats = { job: chosen.job, times: Math.min(times, most), ...(files.length > 0 && { files }) }
  return admit(deliveryId, { request, isArrival: false, rebuildOf: number, repeats }, context)
}

/** The files of the failed tests that a shard with files reports; none for any other job. The job decides whether they are its own. */
async function failedFiles(store: Store, records: Records, title: string): Promise<string[]> {
  const { build, plan } = records
  const job = viewOf(records).jobs.find(each => each.title === title)
  if (!job?.ref || !plan || !splitOf(plan, job.name)) return []
  const record = await readTestRecord(store, { project: build.project, number: job.ref.build }, job.ref)
  const files = record?.failures.flatMap(({ file }) => file || []) ?? []
  return [...new Set(files)]
}
