import type { StartedJob } from '../admission/grants.ts'
import { filesOfShard, packFiles, splitOf, unpackShards } from '../model/split.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'

/** The files in the message of a job, if they divide jobs of its plan: the number of shards, and its own files. */
export function startedFiles(
  plan: PlanRecord,
  { name, shard }: AcceptedJob,
): Pick<StartedJob, 'divided' | 'files'> {
  if (!plan.splits) return {}
  const divided = plan.splits.map(split => ({ job: split.job, shards: Math.max(...unpackShards(split)) }))
  const split = splitOf(plan, name)
  if (!split || !shard) return { divided }
  const { files, digest } = split
  return { divided, files: { files, digest, own: packFiles(filesOfShard(split, shard.index), files) } }
}
