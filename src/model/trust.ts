import type { BuildRequest, Trust } from './build.ts'

/**
 * The trust of a build. It depends on the event alone, never on the commit: GitHub serves the commits of every fork
 * through the base repository too.
 */
export function trustOf(request: BuildRequest, isDeployBranch: (branch: string) => boolean): Trust {
  if (request.isFork || request.isDependabot) return 'fork'
  const mayDeploy = request.event === 'push' || request.event === 'deploy'
  return mayDeploy && isDeployBranch(request.branch) ? 'protected' : 'branch'
}
