import { randomUUID } from 'node:crypto'
import { DeliveryClaim } from '../../src/admission/claim.ts'
import { raiseCounter } from '../../src/admission/counter.ts'
import { takeNumber } from '../../src/admission/number.ts'
import type { Store } from '../../src/build/store.ts'
import type { Job } from '../../src/job/job.ts'
import { jobOf } from '../records.ts'

export const openClaim = (store: Store, id: string, project: string, ended: readonly number[] = []) =>
  DeliveryClaim.open(store, id, project, async number => ended.includes(number))

/** Takes a delivery through claim, number and counter, as receiving does. */
export async function admitOne(
  store: Store,
  project: string,
  id: string = randomUUID(),
  ended: readonly number[] = [],
): Promise<Job> {
  const claim = await openClaim(store, id, project, ended)
  const job = await takeNumber(store, claim, number =>
    jobOf({ project, number, nonce: claim.build.nonce, delivery: id }),
  )
  await raiseCounter(store, project, job.number)
  await claim.markPublished()
  return job
}
