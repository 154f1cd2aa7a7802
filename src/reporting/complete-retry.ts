import type { Account } from '../account/settings.ts'
import { explainLostArtifacts } from '../admission/lost-artifacts.ts'
import { decideRetry, wholeInstead } from '../admission/retry.ts'
import type { Build } from '../model/build.ts'
import type { JobRun } from '../records/job-run.ts'
import type { AcceptedJob, PlanRecord } from '../records/plan-record.ts'
import { readRecords } from '../records/read-records.ts'
import { type JobState, stateBeforeStart } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import { describeDifference } from './compare-plans.ts'

/**
 * Completes the plan of a retry with the build in which each job that is not run again has passed. All of that comes from report's records
 * of the repeated build, and nothing from the lead, whose plan must be the same.
 * @param lead its own record
 */
export async function completeRetry(
  store: Store,
  { build, account, lead }: { build: Build; account: Account; lead: JobRun | null },
  plan: PlanRecord,
): Promise<{ plan: PlanRecord } | { refused: string }> {
  if (build.retryOf === null) return { plan }
  const { project, repository, retryOf: number } = build
  const whole = wholeInstead({ repository, number })
  const old = await readRecords(store, { project, number })
  if (!old || !isOfSame(old.build, build))
    return {
      refused: `There is no build #${number} of this commit. Rebuild it whole: lambci rebuild ${repository}#${build.number}`,
    }
  const decided = decideRetry(old, { trust: build.trust, deployRoles: account.deployRoles(build.branch) })
  if ('refused' in decided) return decided
  const difference = describeDifference({ plan: decided.plan, lead: old.run }, { plan, lead })
  if (difference !== null)
    return { refused: `The plan is no longer that of #${number}: ${difference}. ${whole}` }
  const lost = await explainLostArtifacts(store, project, decided.plan, decided.takenOver)
  if (lost !== null) return { refused: `${lost} ${whole}` }
  const jobs = plan.jobs.map((job, at): AcceptedJob => {
    const passedIn = decided.takenOver[at]
    return passedIn ? { ...job, passedIn } : job
  })
  return { plan: { ...plan, jobs } }
}

const isOfSame = (old: Build, { commit, trigger }: Build) => old.commit === commit && old.trigger === trigger

/** The initial state of a job that is not run again: it costs nothing. */
export const stateOfPassed = ({ key, passedIn }: AcceptedJob): JobState | null =>
  passedIn
    ? {
        ...stateBeforeStart(key),
        ...{ conclusion: 'passed', exit: { kind: 'exited', code: 0 } },
        ...{ startedAt: passedIn.startedAt, endedAt: passedIn.endedAt },
      }
    : null
