import type { Build } from '../model/build.ts'
import type { Compare } from '../model/newer.ts'
import type { StageRef } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { readCurrent } from './deployments.ts'
import { decideGate, writeGate } from './gate.ts'
import { readQueue } from './queue.ts'

/**
 * Answers a build that holds its stage and asks whether it may deploy.
 * @throws if GitHub does not answer
 */
export async function answerGate(store: Store, build: Build, name: string, compare: Compare): Promise<void> {
  const stage: StageRef = { project: build.project, stage: name }
  const [current, { withheld }] = await Promise.all([readCurrent(store, stage), readQueue(store, stage)])
  // It may have been started at the moment at which the build that waits for it gave up.
  const given = withheld.find(each => each.build === build.target?.waited)
  const gate = given
    ? { isOpen: false, reason: given.reason }
    : await decideGate(build, current?.latest ?? null, compare)
  await writeGate(store, build, gate)
}
