import { type BuildRequest, type Trust, trustSchema } from './build.ts'
import { DEPLOY_JOB, type JobIdentity } from './job.ts'
import { z } from './zod.ts'

/** The kind of sandbox that a job runs in: that of its build, or the one only for deploys. */
export const jobTrustSchema = z.enum([...trustSchema.options, 'deploy'])
export type JobTrust = z.infer<typeof jobTrustSchema>

/** The trust of a job. A deploy never shares a sandbox with jobs that run tests. `identity`: null for the lead. */
export const trustOfJob = ({ trust }: { trust: Trust }, identity: JobIdentity | null): JobTrust =>
  identity?.name === DEPLOY_JOB ? 'deploy' : trust

/** The trusts whose sandboxes are not shared by all branches, because their jobs decide what is deployed. */
export type IsolatedTrust = Extract<JobTrust, 'protected' | 'deploy'>
export const isIsolated = (trust: JobTrust): trust is IsolatedTrust =>
  trust === 'protected' || trust === 'deploy'

/**
 * The trust of a build. It depends only on the event, never on the commit: GitHub serves the commits of every fork through the base
 * repository, too.
 */
export function trustOf(request: BuildRequest, isDeployBranch: (branch: string) => boolean): Trust {
  if (request.isFork || request.isDependabot) return 'fork'
  const mayDeploy = request.event === 'push' || request.event === 'deploy'
  return mayDeploy && isDeployBranch(request.branch) ? 'protected' : 'branch'
}
