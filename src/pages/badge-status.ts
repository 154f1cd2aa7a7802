import { branchSchema } from '../model/build.ts'
import { readSummary } from '../records/branch-summary.ts'
import { buildKeys } from '../records/keys.ts'
import { readRecords } from '../records/read-records.ts'
import { readTrigger } from '../records/trigger-record.ts'
import { viewOf } from '../records/view.ts'
import type { OpenedRepository } from './access.ts'

/**
 * The text of a branch's badge: the state of its newest ended build. If the commit at its tip was skipped, by `paths` or by a word in its
 * message, it is `skipped`: the success of another commit does not count. `unknown` without a build that the visitor may see.
 */
export async function badgeStatusOf(
  { project, visible: { store, mayShow } }: Pick<OpenedRepository, 'project' | 'visible'>,
  branch: string,
): Promise<string> {
  if (!branchSchema.safeParse(branch).success) return 'unknown'
  const [summary, trigger] = await Promise.all([
    readSummary(store, project, branch),
    readTrigger(store, { project, trigger: `push/${branch}` }),
  ])
  const shown = summary && (await mayShow(summary.number)) ? summary : null
  const tip = trigger?.isGone ? undefined : trigger?.builds.find(({ isArrival }) => isArrival)
  if (tip) {
    const build = { project, number: tip.number }
    const [records, gone] = await Promise.all([
      readRecords(store, build),
      // The branch has moved on without a build.
      store.list(buildKeys(build).gone, { limit: 1 }),
    ])
    const isBuilt = summary?.commit === tip.commit && gone.length === 0
    const isSkipped = gone.length > 0 || (records !== null && viewOf(records).status === 'skipped')
    if (isSkipped && !isBuilt && (await mayShow(tip.number))) return 'skipped'
  }
  return shown?.deploy === 'failed' ? 'deploy failed' : (shown?.status ?? 'unknown')
}
