import { NO_FILES } from '../../config/files.ts'
import { type Resolved, resolveConfig } from '../../config/resolve.ts'
import type { Build } from '../../model/build.ts'
import { UserError } from '../../model/user-error.ts'
import { describePlan } from '../../planning/describe.ts'
import { type Plan, planBuild } from '../../planning/plan.ts'
import { readConfigFiles } from '../../workspace/config-files.ts'
import { type Io, printLine } from '../io.ts'
import { buildOfWorkingCopy, type HypotheticalBuild } from './working-copy.ts'

export type PlannedBuild = { build: Build; resolved: Resolved; plan: Plan }

/** Plans the build of a push of this working copy, or of a pull request from it. Runs nothing. */
export async function planWorkingCopy(
  directory: string,
  hypothetical: HypotheticalBuild,
): Promise<PlannedBuild> {
  const build = await buildOfWorkingCopy(directory, hypothetical)
  const files = await readConfigFiles(directory)
  // The base of the hypothetical pull request is assumed to have the same configuration as this working copy.
  const resolved = resolveConfig({
    build,
    account: null,
    base: build.trust === 'fork' ? files : NO_FILES,
    head: files,
  })
  return { build, resolved, plan: planBuild(build, resolved) }
}

/** `lambci plan`: prints the plan. Returns the exit code. */
export async function printPlan(
  directory: string,
  { json, ...hypothetical }: HypotheticalBuild & { json?: boolean },
  io: Io,
): Promise<number> {
  const { build, resolved, plan } = await planWorkingCopy(directory, hypothetical)
  if (build.branch === 'HEAD')
    throw new UserError(`${directory} has no branch checked out. Name one with --branch.`)
  printLine(io, json ? JSON.stringify(plan, null, 2) : describePlan(plan, resolved))
  return 0
}
