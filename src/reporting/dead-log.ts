import { isSegment } from '../log/log-keys.ts'
import { runnerLine } from '../log/runner-line.ts'
import { composeLog } from '../log/sink.ts'
import type { Build } from '../model/build.ts'
import { buildKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import type { View } from '../records/view.ts'
import { describeStatus } from '../records/wording.ts'

/** Completes the log of a job that died: the uploaded segments, and a line that says how the build ended. */
export async function finishDeadLog(build: Build, view: View, store: Store): Promise<void> {
  const { log } = buildKeys(build)
  const lines = [describeStatus(view), ...(view.deploy?.reason ? [view.deploy.reason] : [])]
  await composeLog(
    store,
    (await store.list(log.prefix)).filter(isSegment),
    log.whole,
    `\n${lines.map(runnerLine).join('')}`,
  )
}
