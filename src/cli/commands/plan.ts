import { NO_FILES } from '../../config/files.ts'
import { type Resolved, resolveConfig } from '../../config/resolve.ts'
import type { Build } from '../../model/build.ts'
import { UserError } from '../../model/user-error.ts'
import { describePlan } from '../../planning/describe.ts'
import { type Plan, planBuild } from '../../planning/plan.ts'
import { readConfigFiles } from '../../workspace/config-files.ts'
import { type Imagined, jobOfWorkingCopy } from './working-copy.ts'

export type Planned = { build: Build; resolved: Resolved; plan: Plan }

/** What would be done for a push of this working copy, or a pull request from it. Nothing is run. */
export async function planWorkingCopy(directory: string, imagined: Imagined): Promise<Planned> {
  const build = await jobOfWorkingCopy(directory, imagined)
  const files = await readConfigFiles(directory)
  // The base of an imagined pull request is taken to say what this working copy says.
  const resolved = resolveConfig({
    build,
    account: null,
    base: build.trust === 'fork' ? files : NO_FILES,
    head: files,
  })
  return { build, resolved, plan: planBuild(build, resolved) }
}

/** `lambci plan`: prints the plan. Answers the exit code. */
export async function printPlan(
  directory: string,
  { json, ...imagined }: Imagined & { json?: boolean },
): Promise<number> {
  const { build, resolved, plan } = await planWorkingCopy(directory, imagined)
  if (build.branch === 'HEAD')
    throw new UserError(`${directory} has no branch checked out. Say which one is meant with --branch.`)
  console.log(json ? JSON.stringify(plan, null, 2) : describePlan(plan, resolved))
  return 0
}
