import { tmpdir } from 'node:os'
import type { ListedSecret } from '../../account/change-secrets.ts'
import { dependsOnFiles } from '../../config/config.ts'
import { NO_FILES } from '../../config/files.ts'
import { type Resolved, resolveConfig } from '../../config/resolve.ts'
import type { Build } from '../../model/build.ts'
import { EVERY_STAGE } from '../../model/names.ts'
import { UserError } from '../../model/user-error.ts'
import { describePlan } from '../../planning/describe.ts'
import { type Plan, planBuild } from '../../planning/plan.ts'
import { listCommitFiles } from '../../workspace/commit-files.ts'
import { readConfigFiles } from '../../workspace/config-files.ts'
import { type Io, jsonText, printLine, printNote } from '../io.ts'
import type { StackOptions } from './find-stack.ts'
import { type KnownBuild, readKnownBuild } from './known-build.ts'
import { buildOfWorkingCopy, type HypotheticalBuild } from './working-copy.ts'

export type PlannedBuild = { build: Build; resolved: Resolved; plan: Plan }

/**
 * Plans the build of a push of this working copy, or of a pull request from it, without the account's settings. Runs nothing.
 */
export async function planWorkingCopy(
  directory: string,
  hypothetical: HypotheticalBuild,
  io: Pick<Io, 'env'>,
): Promise<PlannedBuild> {
  const build = await buildOfWorkingCopy(directory, hypothetical)
  return planIn(directory, build, { account: null, io })
}

type Known = {
  /** The account's settings; null if they are not known. */
  account: unknown
  timings?: KnownBuild['timings']
  io: Pick<Io, 'env'>
}

async function planIn(
  directory: string,
  build: Build,
  { account, timings, io }: Known,
): Promise<PlannedBuild> {
  const files = await readConfigFiles(directory)
  // The base of the hypothetical pull request is assumed to have the same configuration as this working copy.
  const withoutFiles = resolveConfig({
    build,
    account,
    base: build.trust === 'fork' ? files : NO_FILES,
    head: files,
  })
  const access = { home: tmpdir(), path: io.env.PATH ?? '' }
  const commitFiles = dependsOnFiles(withoutFiles.config) ? await listCommitFiles(directory, access) : null
  const resolved = { ...withoutFiles, commitFiles }
  const secondsOf = (job: string) => timings?.get(job) ?? new Map<string, number>()
  return { build, resolved, plan: planBuild(build, resolved, { secondsOf }) }
}

/** `lambci plan`: prints the plan. Returns the exit code. */
export async function printPlan(
  directory: string,
  { json, ...options }: HypotheticalBuild & StackOptions & { json?: boolean },
  io: Io,
): Promise<number> {
  const working = await buildOfWorkingCopy(directory, options)
  if (working.branch === 'HEAD')
    throw new UserError(`${directory} has no branch checked out. Name one with --branch.`)
  const known = await readKnownBuild(working, options, io)
  const isKnown = !('unknown' in known)
  const { resolved, plan } = isKnown
    ? await planIn(directory, known.build, { account: known.build.settings, timings: known.timings, io })
    : await planIn(directory, working, { account: null, io })
  const note = isKnown ? known.refusal : `The account's settings are not known here. ${known.unknown}`
  const secretsNote = noteStageSecrets(plan, isKnown ? known.stageSecrets : [])
  const notes = [note, ...resolved.notes, secretsNote].filter(each => each !== null)
  if (json && note !== null) printNote(io, `Note: ${note}`)
  const secretNames = isKnown ? known.secretNames : []
  printLine(io, json ? jsonText(plan, 2) : describePlan(plan, { ...resolved, notes }, secretNames))
  return 0
}

/** Lists the secrets that only the deploy gets, and no job before it; null if there are none. */
function noteStageSecrets(plan: Plan, secrets: readonly ListedSecret[]): string | null {
  if (!plan.build) return null
  const notes = plan.deploys.flatMap(({ deploy }) => {
    if (!deploy) return []
    const { stage } = deploy
    const ofStage = secrets.filter(each => [EVERY_STAGE, stage].includes(each.stage ?? ''))
    const names = [...new Set(ofStage.map(({ name }) => name))].toSorted()
    return names.length === 0
      ? []
      : [`The deploy alone gets the secrets of stage ${stage}: ${names.join(', ')}.`]
  })
  return notes.length === 0 ? null : notes.join(' ')
}
