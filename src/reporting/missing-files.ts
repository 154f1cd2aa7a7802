import { filesOf, filesOfShard, hasFile, splitOf } from '../model/split.ts'
import type { JobRun } from '../records/job-run.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'

/**
 * Why a shard that divides files has not passed, whatever it claims: its record does not list all of its files. Null for any other job. A
 * plan gives each file to one shard, so together they have run all files.
 */
export function explainMissingFiles(
  plan: PlanRecord,
  { name, shard, isDeploy, repetition }: AcceptedJob,
  { ran }: Pick<JobRun, 'ran'>,
): string | null {
  const split = splitOf(plan, name)
  // A repeated job may run only some of its files, and decides nothing.
  if (!split || isDeploy || !shard || repetition) return null
  const packed = Buffer.from(ran ?? '', 'base64')
  const own = filesOfShard(split, shard.index)
  const missing = own.filter(at => !hasFile(packed, at)).length
  return missing === 0 ? null : `${missing} of its ${filesOf(own.length)} ran nowhere`
}
