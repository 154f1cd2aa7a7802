import { NO_FILES } from '../../config/files.ts'
import { type Resolved, resolveConfig } from '../../config/resolve.ts'
import type { Job } from '../../job/job.ts'
import { describePlan } from '../../plan/describe.ts'
import { type Plan, planBuild } from '../../plan/plan.ts'
import { Problem } from '../../problem.ts'
import { readConfigFiles } from '../../workspace/config-files.ts'
import { type Imagined, jobOfWorkingCopy } from './working-copy.ts'

export type Planned = { job: Job; resolved: Resolved; plan: Plan }

/** What would be done for a push of this working copy, or a pull request from it. Nothing is run. */
export async function planWorkingCopy(directory: string, imagined: Imagined): Promise<Planned> {
  const job = await jobOfWorkingCopy(directory, imagined)
  const files = await readConfigFiles(directory)
  // The base of an imagined pull request is taken to say what this working copy says.
  const resolved = resolveConfig({
    job,
    account: null,
    base: job.trust === 'fork' ? files : NO_FILES,
    head: files,
  })
  return { job, resolved, plan: planBuild(job, resolved) }
}

/** `lambci plan`: prints the plan. Answers the exit code. */
export async function printPlan(
  directory: string,
  { json, ...imagined }: Imagined & { json?: boolean },
): Promise<number> {
  const { job, resolved, plan } = await planWorkingCopy(directory, imagined)
  if (job.branch === 'HEAD')
    throw new Problem(`${directory} has no branch checked out. Say which one is meant with --branch.`)
  console.log(json ? JSON.stringify(plan, null, 2) : describePlan(plan, resolved))
  return 0
}
