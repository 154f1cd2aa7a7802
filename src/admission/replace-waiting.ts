import type { Build } from '../model/build.ts'
import { type Compare, isNewer, type Position, remember } from '../model/newer.ts'
import { requestCancel } from '../records/cancel-request.ts'
import type { BuildRef } from '../records/keys.ts'
import { readRawJobRun, readReport } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import type { Triggered } from '../records/trigger-record.ts'

type Context = { store: Store; compare: Compare; now: () => Date }

/** Builds further back were replaced by the ones after them. */
const MOST_REPLACED = 5

/**
 * Requests the end of builds of the same pull request (`builds`) that wait for approval if a newer one has arrived, even of the same
 * commit: of older ones, and of this build if a newer one arrived before it.
 * @throws if GitHub does not answer; nothing is replaced then
 */
export async function replaceWaiting(
  build: Build,
  builds: readonly Triggered[],
  { store, compare, now }: Context,
): Promise<void> {
  if (build.pullRequest === null) return
  const others = builds.filter(({ number, waits }) => waits && number !== build.number)
  const remembered = remember(compare)
  const replace = async ({ number }: Position, by: Position) => {
    const older = { project: build.project, number }
    if (await hasStarted(store, older)) return
    const why = { by: 'lambci', why: `Superseded by #${by.number}`, supersededBy: by.number }
    await requestCancel(store, older, { ...why, at: now().toISOString() })
  }
  await Promise.all(
    others.slice(0, MOST_REPLACED).map(async other => {
      if (await isNewer(build, other, remembered)) await replace(other, build)
      else if (build.approval !== null) await replace(build, other)
    }),
  )
}

/** Whether a build no longer waits. */
async function hasStarted(store: Store, build: BuildRef): Promise<boolean> {
  const [run, report] = await Promise.all([readRawJobRun(store, build), readReport(store, build)])
  return run !== null || report?.end != null || (report?.publications ?? 0) > 0
}
