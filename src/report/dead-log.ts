import { buildKeys } from '../build/layout.ts'
import { describeOutcome } from '../build/outcome.ts'
import type { Store } from '../build/store.ts'
import type { View } from '../build/view.ts'
import type { Job } from '../job/job.ts'
import { isSegment } from '../log/log-keys.ts'
import { runnerLine } from '../log/runner-line.ts'
import { composeLog } from '../log/sink.ts'

/** The log of a build that died: what had been uploaded, and a line that says how it ended. */
export async function finishDeadLog(job: Job, view: View, store: Store): Promise<void> {
  const { log } = buildKeys(job)
  const lines = [describeOutcome(view), ...(view.deploy?.reason ? [view.deploy.reason] : [])]
  await composeLog(
    store,
    (await store.list(log.prefix)).filter(isSegment),
    log.whole,
    `\n${lines.map(runnerLine).join('')}`,
  )
}
