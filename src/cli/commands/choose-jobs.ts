import { jobKey } from '../../config/cascade.ts'
import type { Resolved } from '../../config/resolve.ts'
import type { Build } from '../../model/build.ts'
import { titleOf } from '../../model/job.ts'
import { UserError } from '../../model/user-error.ts'
import { jobsIn, requireUsableJobs } from '../../planning/job-errors.ts'
import { expandJobs, planJobs } from '../../planning/jobs.ts'
import type { AssignedJob, PlannedJob } from '../../planning/planned-job.ts'
import { matchingFiles } from '../../planning/split.ts'

type Choice = { jobs: readonly AssignedJob[]; notes: readonly string[] }

/**
 * The jobs of a configuration that have a name or a title, such as `unit` or `unit (4/8)`, whether or not they take part in the build. A
 * job that files divide is one job for all of them. Without a name, the only job.
 * @throws UserError if there are several, or none of this name
 */
export function chooseJobs(wanted: string | undefined, build: Build, resolved: Resolved): Choice {
  const { config } = resolved
  const { jobs: planned, leftOut } = planJobs(build, resolved)
  const configured = jobsIn(config)
  const names = config.jobs === null ? planned.map(({ name }) => name) : [...configured.keys()]
  if (wanted === undefined && names.length > 1)
    throw new UserError(`This working copy has several jobs: ${names.join(', ')}. Name one with --job.`)
  const name = wanted?.replace(/ \(.*/s, '') ?? names[0] ?? ''
  const own = configured.get(name)
  const cells = requireUsableJobs(resolved)
  const all = own
    ? expandJobs(new Map([[name, own]]), cells, config)
    : planned.filter(job => job.name === name)
  const jobs = all.filter(job => wanted === undefined || wanted === name || titleOf(job) === wanted)
  if (jobs.length === 0) {
    const titles = all.length > 0 ? all.map(titleOf) : names
    throw new UserError(
      `There is no job "${wanted}" here. Name one of these: ${titles.slice(0, 20).join(', ')}.`,
    )
  }
  const left = leftOut.find(each => each.name === name)
  const needed = own?.needs.map(({ job }) => job) ?? []
  return {
    jobs: jobs.map(job => withAllFiles(job, resolved)),
    notes: [
      ...(left ? [`A push would leave ${name} out. ${left.reason}`] : []),
      ...(needed.length > 0
        ? [`${name} needs ${needed.join(', ')}: what that leaves must be in the working copy already.`]
        : []),
    ],
  }
}

function withAllFiles(job: PlannedJob, { commitFiles, jobSources }: Resolved): AssignedJob {
  const { name, split } = job
  if (!split) return job
  const source = jobSources.get(jobKey(name, 'shards')) ?? ''
  const all = matchingFiles({ name, split, source }, commitFiles ?? [])
  return { ...job, files: { all, own: all } }
}
