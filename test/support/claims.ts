import { randomUUID } from 'node:crypto'
import { DeliveryClaim } from '../../src/admission/delivery-claim.ts'
import { takeNumber } from '../../src/admission/take-number.ts'
import type { Build } from '../../src/model/build.ts'
import { raiseCounter } from '../../src/records/counter.ts'
import type { Store } from '../../src/records/store.ts'
import { makeBuild } from './records.ts'

export const openClaim = (store: Store, id: string, project: string, ended: readonly number[] = []) =>
  DeliveryClaim.open(store, id, project, async number => ended.includes(number))

/** Claims a delivery, numbers its build and raises the counter, as `receiveDelivery` does. */
export async function admitOne(
  store: Store,
  project: string,
  id: string = randomUUID(),
  ended: readonly number[] = [],
): Promise<Build> {
  const claim = await openClaim(store, id, project, ended)
  const build = await takeNumber(store, claim, number =>
    makeBuild({ project, number, nonce: claim.build.nonce, delivery: id }),
  )
  await raiseCounter(store, project, build.number)
  await claim.markPublished()
  return build
}
