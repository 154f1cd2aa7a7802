import { NO_FILES } from '../../src/config/files.ts'
import type { JsonObject } from '../../src/config/json.ts'
import { type Resolved, resolveConfig } from '../../src/config/resolve.ts'
import { type Plan, planBuild } from '../../src/planning/plan.ts'
import type { PlanInput } from '../../src/planning/reason.ts'

export const PUSH: PlanInput = {
  event: 'push',
  branch: 'master',
  checkoutBranch: 'master',
  isFork: false,
  isPrivate: false,
  trust: 'protected',
  pullRequest: null,
  target: null,
}
export const PULL: Partial<PlanInput> = { event: 'pull_request', pullRequest: 7, trust: 'branch' }
export const FORK: Partial<PlanInput> = { ...PULL, isFork: true, trust: 'fork' }

/** Plans a build of a repository with this `.lambci.json` and a `package.json`, under these global settings. */
export function plan(
  build: Partial<PlanInput>,
  values: JsonObject,
  global: JsonObject = {},
): { plan: Plan; resolved: Resolved } {
  const files = { ...NO_FILES, lambciJson: JSON.stringify(values), packageJson: '{}' }
  const subject = { ...PUSH, ...build }
  const resolved = resolveConfig({
    build: { ...subject, project: 'gh/o/r' },
    account: { global },
    base: files,
    head: files,
  })
  return { plan: planBuild(subject, resolved), resolved }
}
