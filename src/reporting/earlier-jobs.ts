import type { StartedJob } from '../admission/grants.ts'
import type { Build } from '../model/build.ts'
import { titleOf } from '../model/job.ts'
import { readRecords } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'

/**
 * The attempts whose artifacts a deploy gets that a person asked for: those of the build of its commit which has tested it. What ran
 * with another trust, or for another commit, leaves nothing for a deploy.
 */
export async function earlierJobs(
  store: Store,
  { project, target, commit, trust }: Build,
): Promise<StartedJob['needs']> {
  if (!target) return []
  const old = await readRecords(store, { project, number: target.of })
  if (!old?.plan || old.build.commit !== commit || old.build.trust !== trust) return []
  const { plan, report } = old
  return plan.jobs.flatMap(job => {
    const state = report?.jobs.find(({ key }) => key === job.key)
    if (job.isDeploy || state?.conclusion !== 'passed') return []
    const { build, key, attempt } = job.passedIn ?? { ...state, build: target.of }
    return [{ key, attempt, title: titleOf(job), build }]
  })
}
