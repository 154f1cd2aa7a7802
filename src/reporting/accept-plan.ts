import type { Build } from '../model/build.ts'
import { DEPLOY_JOB, MAX_TITLE, mostJobs, titleOf } from '../model/job.ts'
import { buildKeys } from '../records/keys.ts'
import {
  type AcceptedJob,
  type Draft,
  type DraftedJob,
  type PlanRecord,
  planRecordSchema,
  readPlan,
} from '../records/plan-record.ts'
import type { Store } from '../records/store.ts'
import { createRecord } from '../records/update-record.ts'

type PlanningBuild = Pick<Build, 'trust'>

/**
 * Decides about the jobs that a lead proposes. It may be hostile: nothing starts unless every job can be told from the others
 * and comes after those that it needs. A pure function.
 * @param maxJobs the account's limit
 */
export function acceptDraft(
  build: PlanningBuild,
  draft: Draft,
  maxJobs: number,
): { plan: PlanRecord } | { refused: string } {
  const tooMany = explainTooMany(build, draft, maxJobs)
  if (tooMany !== null) return { refused: tooMany }
  const jobs = draft.jobs.flatMap(expandJob)
  const error = explainError(build, draft, jobs)
  if (error !== null) return { refused: `The plan of this build cannot be used: ${error}` }
  const { leadRunsFirst, ...shared } = draft
  const all = draft.deploy ? [...jobs, deployJob(draft.jobs)] : jobs
  const first = leadRunsFirst ? 0 : 1
  return { plan: { ...shared, jobs: all.map((job, index) => ({ key: index + first, ...job })) } }
}

type ExpandedJob = Omit<AcceptedJob, 'key'>

/** The jobs of a name: one for each cell and each shard. */
function expandJob({ cells, shards, needs: names, withoutArtifacts, ...common }: DraftedJob): ExpandedJob[] {
  const needs = names.map(job => ({ job, hasArtifacts: !withoutArtifacts.includes(job) }))
  const parts =
    shards === null ? [null] : Array.from({ length: shards }, (_, at) => ({ index: at + 1, count: shards }))
  return cells.flatMap(cell => parts.map(shard => ({ ...common, cell, shard, needs, isDeploy: false })))
}

const deployJob = (jobs: readonly DraftedJob[]): ExpandedJob => ({
  ...{ name: DEPLOY_JOB, cell: {}, shard: null, isDeploy: true },
  needs: jobs.map(({ name }) => ({ job: name, hasArtifacts: true })),
  ...{ allowFailure: false, hasSecrets: true },
})

function explainTooMany({ trust }: PlanningBuild, { jobs }: Draft, maxJobs: number): string | null {
  const total = jobs.reduce((sum, { cells, shards }) => sum + cells.length * (shards ?? 1), 0)
  const most = mostJobs(maxJobs, trust)
  if (total <= most) return null
  return trust === 'fork'
    ? `The build has ${total} jobs, and one for a fork may have at most ${most}`
    : `The build has ${total} jobs, and the account allows at most ${most}`
}

/** What is wrong with a draft; null if nothing is. */
function explainError(
  { trust }: PlanningBuild,
  { jobs: drafted, leadRunsFirst, deploy }: Draft,
  jobs: readonly ExpandedJob[],
): string | null {
  if (deploy && trust !== 'protected') return 'builds of this branch or pull request do not deploy'
  if (leadRunsFirst && jobs.length === 0) return 'it has no first job'
  const known = new Set<string>()
  for (const { name, needs } of drafted) {
    if (name === DEPLOY_JOB) return `a job is called ${DEPLOY_JOB}`
    const missing = needs.find(job => !known.has(job))
    if (missing !== undefined) return `${name} needs ${missing}, which does not come before it`
    if (new Set(needs).size < needs.length) return `${name} needs the same job twice`
    if (known.has(name)) return `two of its jobs are called ${name}`
    known.add(name)
  }
  const titles = new Set<string>()
  for (const title of jobs.map(titleOf)) {
    if (title.length > MAX_TITLE)
      return `the title of a job has ${title.length} characters, and ${MAX_TITLE} are allowed`
    if (titles.has(title)) return `two of its jobs are ${title}`
    titles.add(title)
  }
  return null
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
