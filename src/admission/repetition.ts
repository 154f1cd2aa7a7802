import type { Build } from '../model/build.ts'
import { titleOf } from '../model/job.ts'
import { allJobsOf } from '../records/json-view.ts'
import type { AcceptedJob, PassedIn } from '../records/plan-record.ts'
import { type JobView, type Records, viewOf } from '../records/view.ts'
import { mostRetriedBuilds } from './retried-builds.ts'

const nameOf = ({ number, repository }: Pick<Build, 'number' | 'repository'>) =>
  `Build #${number} of ${repository}`

/** Why a build that only repeats a job of another one cannot be rebuilt, deployed or repeated; null for any other build. */
export function explainRepeating(build: Build, wanted: 'rebuild' | 'deploy' | 'flaky'): string | null {
  const { repeats, rebuildOf, repository } = build
  if (repeats === null) return null
  const command =
    wanted === 'deploy'
      ? `deploy ${repository} STAGE --build ${rebuildOf}`
      : `${wanted} ${repository}#${rebuildOf}`
  return `${nameOf(build)} only repeats ${repeats.job} of #${rebuildOf}. Name that build: lambci ${command}`
}

/**
 * The job to repeat of a build that has ended: the one with this title, or else the first one that failed, or passed only at another
 * attempt. A pure function.
 */
export function chooseJob(
  records: Records,
  wanted: string | undefined,
): { job: string } | { refused: string } {
  const name = nameOf(records.build)
  const jobs = allJobsOf(viewOf(records)).filter(({ isDeploy }) => !isDeploy)
  if (wanted === undefined) {
    const job = jobs.find(({ status }) => status === 'failed') ?? jobs.find(({ isFlaky }) => isFlaky)
    if (job) return { job: job.title }
    return { refused: `No job has failed in ${name[0]?.toLowerCase()}${name.slice(1)}. Name one with --job.` }
  }
  const job = jobs.find(({ title }) => title === wanted)
  if (!job) return { refused: `${name} has no job with this title. It has these: ${titlesOf(jobs)}.` }
  if (job.status !== 'passed' && job.status !== 'failed')
    return { refused: `The job of ${name} was not run to its end: it is ${job.status}.` }
  return { job: job.title }
}

const MOST_TITLES = 10
function titlesOf(jobs: readonly JobView[]): string {
  const left = jobs.length - MOST_TITLES
  const titles = jobs.slice(0, MOST_TITLES).map(({ title }) => title)
  return `${titles.join(', ')}${left > 0 ? ` and ${left} more` : ''}`
}

/**
 * The passed attempts whose artifacts a repeated job gets, in the order of the plan. A pure function of report's records of the repeated
 * build; jobs have no say.
 */
export function decideNeeded(
  { build, report, plan }: Records,
  job: AcceptedJob,
  trust: Build['trust'],
): { needed: (AcceptedJob & { passedIn: PassedIn })[] } | { refused: string } {
  const name = nameOf(build)
  // Results from a sandbox of another trust must not reach this one.
  if (build.trust !== trust)
    return { refused: `${name} ran with trust "${build.trust}", and would now have "${trust}"` }
  const names = job.needs.filter(({ hasArtifacts }) => hasArtifacts).map(need => need.job)
  const jobs = plan?.jobs.filter(each => names.includes(each.name)) ?? []
  const needed = jobs.map(each => {
    const state = report?.jobs.find(({ key }) => key === each.key)
    const { startedAt = null, endedAt = null } = state ?? {}
    const own = state?.conclusion === 'passed' && {
      ...{ build: build.number, key: each.key, attempt: state.attempt, startedAt, endedAt },
    }
    return { ...each, needs: [], passedIn: each.passedIn ?? (own || undefined) }
  })
  const missing = names.find(each => !jobs.some(found => found.name === each))
  const failed = needed.find(({ passedIn }) => passedIn === undefined)
  const title = missing ?? (failed && titleOf(failed))
  if (title !== undefined)
    return { refused: `it gets artifacts of ${title}, which has not passed in #${build.number}` }
  const found = needed.flatMap(({ passedIn, ...rest }) => (passedIn ? [{ ...rest, passedIn }] : []))
  const builds = new Set(found.map(({ passedIn }) => passedIn.build))
  if (builds.size > mostRetriedBuilds(build.project))
    return { refused: `it gets artifacts of ${builds.size} other builds, which is too many` }
  return { needed: found }
}
