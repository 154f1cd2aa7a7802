import { setTimeout as sleep } from 'node:timers/promises'
import type { Build } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import { lastNumber } from '../records/counter.ts'
import { buildKeys } from '../records/keys.ts'
import { readBuild } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import { createRecord } from '../records/update-record.ts'
import type { DeliveryClaim } from './delivery-claim.ts'

const ATTEMPTS = 1000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 800

/**
 * Writes `build.json` at the claim's number, or at the first free number after it. Creating that object takes the number, so none is used
 * twice or left out. If this claim's build already exists, it is returned.
 */
export async function takeNumber(
  store: Store,
  claim: DeliveryClaim,
  makeBuild: (number: number) => Build,
): Promise<Build> {
  let { number } = claim.build
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const build = makeBuild(number)
    const taken = await createRecord(store, buildKeys(build).build, build, {
      read: () => readBuild(store, build),
      isOwn: ({ nonce }) => nonce === build.nonce,
    })
    if (taken) return taken
    // Only one of several concurrent requests can get the next number: those that failed most wait longest.
    await sleep(Math.random() * Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS))
    // The counter is the quickest way past the builds of concurrent requests.
    number = await claim.chooseNumber(Math.max(number, await lastNumber(store, build.project)) + 1)
  }
  const { project } = makeBuild(number)
  throw new UserError(
    `No build number of ${project} was free after ${ATTEMPTS} attempts. Send the delivery again.`,
  )
}
