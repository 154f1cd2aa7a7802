import type { Build } from '../model/build.ts'
import { DEPLOY_JOB, titleOf } from '../model/job.ts'
import { buildKeys } from '../records/keys.ts'
import { type Draft, type PlanRecord, planRecordSchema, readPlan } from '../records/plan-record.ts'
import type { Store } from '../records/store.ts'
import { createRecord } from '../records/update-record.ts'

/** Stands for any number of jobs of forks that would be too many. */
export const MOST_FORK_JOBS = 5

/**
 * Decides about the jobs that a lead proposes. It may be hostile: nothing starts unless all is well. A pure function.
 * @param maxJobs the account's limit
 */
export function acceptDraft(
  { trust }: Pick<Build, 'trust'>,
  { jobs, leadRunsFirst, deploy, ...rest }: Draft,
  maxJobs: number,
): { plan: PlanRecord } | { refused: string } {
  const most = trust === 'fork' ? Math.min(maxJobs, MOST_FORK_JOBS) : maxJobs
  if (jobs.length > most) return { refused: `The build has ${jobs.length} jobs, and ${most} are allowed` }
  const refused = (what: string) => ({ refused: `The plan of this build cannot be used: ${what}` })
  const titles = new Set(jobs.map(titleOf))
  if (titles.size < jobs.length) return refused('two of its jobs are the same')
  if (jobs.some(({ name }) => name === DEPLOY_JOB)) return refused(`a job is called ${DEPLOY_JOB}`)
  if (leadRunsFirst && jobs.length === 0) return refused('it has no first job')
  if (deploy && trust !== 'protected') return refused('this build may not deploy')
  const known = new Set<string>()
  for (const [index, { name, needs }] of jobs.entries()) {
    const missing = needs.find(({ job }) => !known.has(job) || job === name)
    if (missing) return refused(`${name} needs ${missing.job}, which does not come before it`)
    if (jobs[index + 1]?.name !== name) known.add(name)
  }
  const first = leadRunsFirst ? 0 : 1
  const accepted = jobs.map((job, index) => ({ ...job, key: index + first, isDeploy: false }))
  const deployed = deploy && {
    ...{ key: jobs.length + first, name: DEPLOY_JOB, cell: {}, shard: null, isDeploy: true },
    needs: [...known].map(job => ({ job, artifacts: null })),
    ...{ allowFailure: false, hasSecrets: true },
  }
  return { plan: { ...rest, jobs: deployed ? [...accepted, deployed] : accepted } }
}

/** Records a plan. The first one counts: what the lead writes later decides nothing. */
export async function recordPlan(store: Store, build: Build, plan: PlanRecord): Promise<PlanRecord> {
  const { plan: key } = buildKeys(build)
  const standing = await createRecord(store, key, planRecordSchema.parse(plan), {
    read: () => readPlan(store, build),
    isOwn: () => true,
  })
  return standing ?? plan
}
