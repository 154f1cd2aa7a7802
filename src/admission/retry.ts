import type { Build } from '../model/build.ts'
import type { AcceptedJob, PassedIn, PlanRecord } from '../records/plan-record.ts'
import type { JobState, Report } from '../records/report-record.ts'
import type { Records } from '../records/view.ts'
import { mostRetriedBuilds } from './retried-builds.ts'

/** The attempt in which each job of the old plan passed, in order, or null if it runs again. */
export type TakenOver = readonly (PassedIn | null)[]

export type Retry = {
  trust: Build['trust']
  /** The roles that the account gives to its deploy. */
  deployRoles: readonly string[]
}

type Retried = { plan: PlanRecord; takenOver: TakenOver }

/**
 * Decides which jobs a retry of a build takes over. A pure function of report's records of that build; jobs have no say. A job that passed
 * is taken over unless it needs one that runs again. If that build had taken it over itself, the reference is kept.
 */
export function decideRetry(
  { build, report, plan }: Records,
  { trust, deployRoles }: Retry,
): Retried | { refused: string } {
  const name = `Build #${build.number} of ${build.repository}`
  const whole = wholeInstead(build)
  if (!report?.end) return { refused: `${name} did not end as it should. ${whole}` }
  if (!plan || plan.jobs.length === 0) return { refused: `${name} has no plan of several jobs. ${whole}` }
  // Results from a sandbox of another trust must reach neither a deploy nor a fork.
  if (build.trust !== trust) {
    const reason = `${name} ran with trust "${build.trust}", and would now have "${trust}": nothing that passed there can be taken over. ${whole}`
    return { refused: reason }
  }
  const takenOver = takeOver(plan, report.jobs, build.number)
  if (plan.jobs.every(({ isDeploy }, index) => isDeploy || takenOver[index]))
    return { refused: explainNothing(build, plan, report) }
  const builds = buildsIn(takenOver)
  const most = mostRetriedBuilds(build.project, deployRoles)
  if (builds.length > most) {
    const named = builds.map(number => `#${number}`).join(', ')
    const reason = `The jobs that passed before build #${build.number} of ${build.repository} ran in ${builds.length} builds (${named}), and a retry in this repository can refer to ${most} at most. ${whole}`
    return { refused: reason }
  }
  return { plan, takenOver }
}

/** Why there is nothing to retry in a build whose tests have all passed: a retry does not deploy. */
function explainNothing(build: Build, { jobs, deploys }: PlanRecord, report: Report): string {
  const { number, repository } = build
  const nothing = `Nothing has failed in build #${number} of ${repository}`
  const stateOf = ({ key }: AcceptedJob) => report.jobs.find(each => each.key === key)
  const job = jobs.find(each => each.isDeploy && stateOf(each)?.conclusion !== 'passed')
  const stage = job?.stage ?? report.deploy?.stage ?? deploys[0]?.stage
  if (!job || stage === undefined) return `${nothing}. To run all of it again: ${again(build)}`
  const conclusion = stateOf(job)?.conclusion
  const isWithheld = conclusion === 'skipped' || conclusion === 'cancelled'
  const command = `lambci deploy ${repository} ${stage} --build ${number}`
  return `${nothing}${isWithheld ? ', and it was not deployed' : ' but the deploy'}. To deploy it: ${command}`
}

/** Advice for a build that cannot be retried. */
export const wholeInstead = (build: Retriable) => `Rebuild it whole: ${again(build)}`

type Retriable = Pick<Build, 'repository' | 'number'>
const again = ({ repository, number }: Retriable) => `lambci rebuild ${repository}#${number}`

function takeOver({ jobs }: PlanRecord, states: readonly JobState[], number: number): TakenOver {
  // Every job of a plan comes after those that it needs.
  const running = new Set<string>()
  return jobs.map(job => {
    const state = states.find(({ key }) => key === job.key)
    const needsRunning = job.needs.some(need => running.has(need.job))
    const passed = state?.conclusion === 'passed' && !needsRunning ? passedIn(job, state, number) : null
    if (passed === null) running.add(job.name)
    return passed
  })
}

const passedIn = (
  job: AcceptedJob,
  { key, attempt, startedAt, endedAt }: JobState,
  build: number,
): PassedIn => job.passedIn ?? { build, key, attempt, startedAt, endedAt }

const buildsIn = (takenOver: TakenOver): number[] =>
  [...new Set(takenOver.flatMap(each => each?.build ?? []))].toSorted((one, other) => one - other)
