import { isRedJob } from '../records/job-wording.ts'
import type { JobView } from '../records/view.ts'

/** A row of the list: one job, or the shards or cells of one. */
export type JobGroup = {
  title: string
  jobs: readonly JobView[]
  /** The length of the chain of jobs before it: 0 if it needs none. */
  depth: number
  /** Whether it shows its jobs unless a reader decides otherwise: something is red, or the log of one of them is shown. */
  isOpen: boolean
}

/** Groups shards of one job, or cells of one matrix, into one row. Rows are in the order of the plan. */
export function groupJobs(jobs: readonly JobView[], shownKey: number | null): JobGroup[] {
  const depths = depthsOf(jobs)
  const groups = Map.groupBy(jobs, job => (job.shard ? job.whole : job.name))
  return [...groups].map(([title, members]) => ({
    title,
    jobs: members,
    depth: depths.get(members[0]?.name ?? '') ?? 0,
    isOpen: members.some(job => isRedJob(job) || (job.key !== null && job.key === shownKey)),
  }))
}

/** The depth of each name. The jobs that a job needs come before it in the plan. */
function depthsOf(jobs: readonly JobView[]): Map<string, number> {
  const depths = new Map<string, number>()
  for (const { name, needs } of jobs)
    depths.set(name, Math.max(0, ...needs.map(need => (depths.get(need) ?? 0) + 1)))
  return depths
}
