import type { Build } from '../model/build.ts'
import { DEPLOY_JOB, MAX_TITLE, mostJobs, STAGE_VARIABLE, titleOf, VERIFY_JOB } from '../model/job.ts'
import { isPartition, type Split } from '../model/split.ts'
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

type PlanningBuild = Pick<Build, 'trust'> & Partial<Pick<Build, 'target'>>

/**
 * Decides about the jobs that a lead proposes. It may be hostile: nothing starts unless every job is distinct and comes after the jobs that
 * it needs. A pure function.
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
  const all = [...jobs, ...deployJobs(draft)]
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

/** The job that deploys to each stage, up to the first one that only people deploy to, and the job that verifies it. */
function deployJobs({ jobs, deploys }: Draft): ExpandedJob[] {
  const firstManual = deploys.findIndex(({ isManual }) => isManual)
  const automatic = firstManual === -1 ? deploys : deploys.slice(0, firstManual)
  return automatic.flatMap(({ stage, hasVerify }): ExpandedJob[] => {
    const common = {
      ...{ cell: automatic.length === 1 ? {} : { [STAGE_VARIABLE]: stage }, shard: null, stage },
      ...{ isDeploy: true, allowFailure: false, hasSecrets: true },
    }
    const needing = (hasArtifacts: boolean) => jobs.map(({ name }) => ({ job: name, hasArtifacts }))
    const deploy = { ...common, name: DEPLOY_JOB, needs: needing(true) }
    const verify = { ...common, name: VERIFY_JOB, isVerify: true, needs: needing(false) }
    return hasVerify ? [deploy, verify] : [deploy]
  })
}

function explainTooMany({ trust }: PlanningBuild, { jobs }: Draft, maxJobs: number): string | null {
  const total = jobs.reduce((sum, { cells, shards }) => sum + cells.length * (shards ?? 1), 0)
  const most = mostJobs(maxJobs, trust)
  if (total <= most) return null
  return trust === 'fork'
    ? `The build has ${total} jobs, and one for a fork may have at most ${most}`
    : `The build has ${total} jobs, and the account allows at most ${most}`
}

/** The fault in a draft; null if there is none. */
function explainError(
  { trust, target }: PlanningBuild,
  { jobs: drafted, leadRunsFirst, deploys, splits }: Draft,
  jobs: readonly ExpandedJob[],
): string | null {
  if (deploys.length > 0 && trust !== 'protected')
    return 'builds of this branch or pull request do not deploy'
  if (target && deploys.some(({ stage }) => stage !== target.stage))
    return `it deploys to another stage than ${target.stage}, which was requested`
  if (leadRunsFirst && jobs.length === 0) return 'it has no first job'
  const known = new Set<string>()
  for (const { name, needs } of drafted) {
    if (name === DEPLOY_JOB || name === VERIFY_JOB) return `a job is called ${name}`
    const missing = needs.find(job => !known.has(job))
    if (missing !== undefined) return `${name} needs ${missing}, which does not come before it`
    if (new Set(needs).size < needs.length) return `${name} needs the same job twice`
    if (known.has(name)) return `two of its jobs are called ${name}`
    known.add(name)
  }
  if (new Set(deploys.map(({ stage }) => stage)).size < deploys.length) return 'it deploys to a stage twice'
  const wrong = explainSplits(splits ?? [], drafted)
  if (wrong !== null) return wrong
  const titles = new Set<string>()
  for (const title of jobs.map(titleOf)) {
    if (title.length > MAX_TITLE)
      return `the title of a job has ${title.length} characters, and ${MAX_TITLE} are allowed`
    if (titles.has(title)) return `two of its jobs are ${title}`
    titles.add(title)
  }
  return null
}

/** The fault in the division of files; null if each is in one shard of its job, and each of these shards has one. */
function explainSplits(splits: readonly Split[], jobs: readonly DraftedJob[]): string | null {
  const known = new Set<string>()
  for (const split of splits) {
    const job = jobs.find(({ name }) => name === split.job)
    if (job?.shards == null || known.has(split.job) || !isPartition(split, job.shards))
      return `the files of ${split.job} are not divided among its shards`
    known.add(split.job)
  }
  return null
}

/** Records a plan. The first one counts, whatever the lead writes later. */
export async function recordPlan(store: Store, build: Build, plan: PlanRecord): Promise<PlanRecord> {
  const { plan: key } = buildKeys(build)
  const standing = await createRecord(store, key, planRecordSchema.parse(plan), {
    read: () => readPlan(store, build),
    isOwn: () => true,
  })
  return standing ?? plan
}
