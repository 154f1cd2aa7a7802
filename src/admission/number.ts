import { buildKeys } from '../build/layout.ts'
import { readJob } from '../build/records.ts'
import type { Store } from '../build/store.ts'
import type { Job } from '../job/job.ts'
import { Problem } from '../problem.ts'
import type { DeliveryClaim } from './claim.ts'
import { lastNumber } from './counter.ts'

const ATTEMPTS = 1000

/**
 * Writes `job.json` at the claim's number or the first free one after it: whoever creates that object has the number,
 * so none is given twice and none is left out. A job of this claim that stands there already is the one to go on with.
 */
export async function takeNumber(
  store: Store,
  claim: DeliveryClaim,
  jobOf: (number: number) => Job,
): Promise<Job> {
  let { number } = claim.build
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const job = jobOf(number)
    const written = await store.putIf(buildKeys(job).job, JSON.stringify(job), { ifNoneMatch: '*' })
    if (written !== 'lost') return job
    const standing = await readJob(store, job)
    if (standing?.nonce === job.nonce) return standing
    // Where many come at once, the counter is the quickest way past those that were faster.
    number = await claim.intend(Math.max(number, await lastNumber(store, job.project)) + 1)
  }
  const { project } = jobOf(number)
  throw new Problem(
    `No build number of ${project} was free after ${ATTEMPTS} attempts. Send the delivery again.`,
  )
}
