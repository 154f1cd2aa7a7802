import { hasFile } from '../model/split.ts'
import { UserError } from '../model/user-error.ts'
import { digestOf } from './digest.ts'
import type { BuildPlan } from './plan.ts'
import type { AssignedJob, FileShare, PlannedJob } from './planned-job.ts'

/** The files of a shard, as report has accepted them: the number of its job's files, their `digestOf`, and which are its own. */
export type AcceptedFiles = { files: number; digest: string; own: string }

/**
 * A job with the files that it runs, if it is a shard that has some: those that report has accepted or, for a lead, those of its plan.
 * @throws UserError if the commit has other files than those that were planned
 */
export function withFiles(job: PlannedJob, { splits }: BuildPlan, accepted?: AcceptedFiles): AssignedJob {
  const split = job.split && splits.find(each => each.job === job.name)
  if (!split) return job
  const { files: all, shardOf } = split
  if (!accepted)
    return { ...job, files: { all, own: all.filter((_, at) => shardOf[at] === job.shard?.index) } }
  return { ...job, files: acceptedShare(all, accepted) }
}

function acceptedShare(all: readonly string[], { files, digest, own }: AcceptedFiles): FileShare {
  if (all.length !== files || digestOf(all) !== digest)
    throw new UserError(
      'The test files are no longer those that were planned: the branch that this commit is merged into has moved on. Rebuild it.',
    )
  const packed = Buffer.from(own, 'base64')
  return { all, own: all.filter((_, at) => hasFile(packed, at)) }
}

/** A job that runs only these of its files; all of its files if it has none of these. */
export function onlyThese(job: AssignedJob, files: readonly string[] | undefined): AssignedJob {
  const own = job.files?.own.filter(file => files?.includes(file)) ?? []
  return job.files && own.length > 0 ? { ...job, files: { ...job.files, own } } : job
}
