import type { BuildRequest, Trust } from './build.ts'

/**
 * The sandbox that a request may run in. It comes from the event alone, never from a commit: GitHub resolves the
 * commits of every fork through the base repository too.
 */
export function trustOf(request: BuildRequest, isDeployBranch: (branch: string) => boolean): Trust {
  if (request.isFork || request.isDependabot) return 'fork'
  const mayDeploy = request.event === 'push' || request.event === 'deploy'
  return mayDeploy && isDeployBranch(request.branch) ? 'protected' : 'branch'
}
