import type { Build } from '../model/build.ts'
import { type Compare, isNewer, remember } from '../model/newer.ts'
import { requestCancel } from '../records/cancel-request.ts'
import { readOnce } from '../records/kept-reads.ts'
import { type BuildRef, jobKeys } from '../records/keys.ts'
import { readRawEnd, readReport } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'
import type { Triggered } from '../records/trigger-record.ts'

type Context = { store: Store; compare: Compare; now: () => Date }

/** Builds further back were compared when the ones after them arrived. */
const MOST_COMPARED = 3

/**
 * Requests the cancellation of builds of the same branch or pull request (`builds`) that a newer commit supersedes: older ones, and this
 * build if a newer one arrived before it. Their own configuration decides whether they end.
 * @throws if GitHub does not answer; nothing is superseded then
 */
export async function cancelSuperseded(
  build: Build,
  builds: readonly Triggered[],
  { store, compare, now }: Context,
): Promise<void> {
  const others = builds.filter(({ isArrival, commit }) => isArrival && commit !== build.commit)
  const runs = await Promise.all(
    others.slice(0, MOST_COMPARED).map(async other => ({
      other,
      hasEnded: await hasEnded(store, { project: build.project, number: other.number }),
    })),
  )
  const running = runs.filter(({ hasEnded }) => !hasEnded)
  // One that has ended can still be newer. The push after it is not, so there is nothing to decide.
  const ended = runs.filter(({ hasEnded }) => hasEnded)
  const follows = ended.some(({ other }) => other.commit === build.baseCommit && other.number < build.number)
  const compared = [...running, ...(follows ? [] : ended.slice(0, 1))]
  const remembered = remember(compare)
  await Promise.all(
    compared.map(async ({ other, hasEnded }) => {
      const [superseded, by] = (await isNewer(build, other, remembered)) ? [other, build] : [build, other]
      if (superseded === other && hasEnded) return
      await requestCancel(
        store,
        { project: build.project, number: superseded.number },
        {
          by: 'lambci',
          why: `Superseded by #${by.number}`,
          supersededBy: by.number,
          at: now().toISOString(),
        },
      )
    }),
  )
}

/** If there are several jobs, others may run after the lead has ended. */
async function hasEnded(store: Store, build: BuildRef): Promise<boolean> {
  const read = async () => {
    const run = await readRawEnd(store, build)
    const isEnd =
      run?.phase === 'ended' && (run.draft === null || (await readReport(store, build))?.end != null)
    return isEnd || null
  }
  // This is permanent. The next push to this branch needs it again.
  return (await readOnce(store, jobKeys(build).record('end'), read)) ?? false
}
