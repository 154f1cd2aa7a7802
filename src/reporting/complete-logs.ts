import { isSegment } from '../log/log-keys.ts'
import { runnerLine } from '../log/runner-line.ts'
import { composeLog } from '../log/sink.ts'
import { WholeLog } from '../log/whole-log.ts'
import type { Build } from '../model/build.ts'
import type { JobRun } from '../records/job-run.ts'
import { buildKeys, jobKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import type { View } from '../records/view.ts'
import { describeStatus } from '../records/wording.ts'

/** Completes the log of a build that has ended: that of a job that died, and the copy for people who have only the bucket. */
export async function completeLogs(
  build: Build,
  { view, run }: { view: View; run: JobRun | null },
  store: Store,
): Promise<void> {
  const isComplete = run?.phase === 'ended' && run.log?.complete
  if (!isComplete) await finishDeadLog(build, view, store)
  await copyLog(build, store)
}

/** Completes the log of a job that died: the uploaded segments, and a line that says how the build ended. */
async function finishDeadLog(build: Build, view: View, store: Store): Promise<void> {
  const { log } = jobKeys(build)
  const lines = [describeStatus(view), ...(view.deploy?.reason ? [view.deploy.reason] : [])]
  await composeLog(
    store,
    (await store.list(log.prefix)).filter(isSegment),
    log.whole,
    `\n${lines.map(runnerLine).join('')}`,
  )
}

/** Copies the job's log to `builds/<n>/log.txt`. */
async function copyLog(build: Build, store: Store): Promise<void> {
  const { whole } = jobKeys(build).log
  const [entry] = await store.list(whole, { limit: 1 })
  if (entry?.key !== whole) return
  const copy = new WholeLog(store, buildKeys(build).log, false)
  if (copy.canCopy(entry.size)) copy.copy(whole, entry.size)
  else copy.add((await store.get(whole))?.body ?? new Uint8Array())
  await copy.finish()
}
