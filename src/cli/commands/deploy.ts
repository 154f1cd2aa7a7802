import { DEPLOY_EVENT, type DeployRequest } from '../../admission/signed-requests.ts'
import { readHold } from '../../deploy/hold.ts'
import { UserError } from '../../model/user-error.ts'
import { buildsOf, takeBuilds } from '../../records/builds.ts'
import { lastNumber } from '../../records/counter.ts'
import { type Deployment, listDeployments, readCurrent } from '../../records/deployments.ts'
import type { BuildRef, StageRef } from '../../records/keys.ts'
import { readBuild } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import { isRed } from '../../records/wording.ts'
import { type Io, printLine } from '../io.ts'
import { requesterName } from '../user.ts'
import type { FoundStack, StackOptions } from './find-stack.ts'
import { openStage } from './open-target.ts'
import { type RequestOptions, sendRequest } from './send-request.ts'

/** The newest builds and deploys that are searched for one that fits. */
const MAX_BUILDS = 1000
const MAX_DEPLOYS = 100

/**
 * `lambci deploy OWNER/REPO STAGE`: deploys the newest commit of the stage whose tests passed, or that of `build`, or `commit`. The
 * server checks that its tests have passed.
 */
export async function deployAgain(
  words: readonly string[],
  options: StackOptions & RequestOptions & { build?: number; commit?: string },
  io: Io,
): Promise<number> {
  if (options.build !== undefined && options.commit !== undefined)
    throw new UserError('--build already says which commit: give --build or --commit, not both.')
  using opened = await openStage(words, options, io)
  const { stack, repository, ref } = opened
  const number = await (options.build === undefined
    ? findPassedBuild(stack.store, ref, options.commit)
    : findGivenBuild(stack.store, repository, { project: ref.project, number: options.build }))
  return await requestDeploy(stack, { ...ref, number }, options, io)
}

/** `lambci rollback OWNER/REPO STAGE`: deploys the last successfully deployed commit other than the current one. */
export async function rollBack(
  words: readonly string[],
  options: StackOptions & RequestOptions,
  io: Io,
): Promise<number> {
  using opened = await openStage(words, options, io)
  const { stack, repository, stage: name, ref } = opened
  const deployment = await findRollbackTarget(stack.store, ref)
  const hold = await readHold(stack.store, ref)
  if (!options.json) {
    const { commit, message, build } = deployment
    printLine(
      io,
      `Rolling back to ${commit.slice(0, 10)} (${message || 'no message'}), deployed by #${build}.`,
    )
    if (hold === null || hold.build !== null)
      printLine(io, `The next push deploys again. To prevent that: lambci hold ${repository} ${name}`)
  }
  return await requestDeploy(stack, { ...ref, number: deployment.of, isRollback: true }, options, io)
}

async function requestDeploy(
  stack: FoundStack,
  { project, stage, number, isRollback = false }: StageRef & BuildRef & { isRollback?: boolean },
  options: RequestOptions,
  io: Io,
): Promise<number> {
  const by = requesterName()
  const payload: DeployRequest = { project, number, stage, by, ...(isRollback && { isRollback }) }
  return await sendRequest(stack, { project, number }, { event: DEPLOY_EVENT, payload }, options, io)
}

/** @throws UserError if there is no such build */
async function findGivenBuild(store: Store, repository: string, ref: BuildRef): Promise<number> {
  if (await readBuild(store, ref)) return ref.number
  throw new UserError(`There is no build #${ref.number} of ${repository}. See "lambci builds ${repository}".`)
}

/**
 * The newest push to the stage whose tests passed; with `commit`, the newest one of that commit.
 * @throws UserError if there is none
 */
async function findPassedBuild(
  store: Store,
  { project, stage }: StageRef,
  commit: string | undefined,
): Promise<number> {
  if (commit !== undefined && !/^[0-9a-f]{7,64}$/.test(commit))
    throw new UserError(`"${commit}" is not a commit. Give at least seven characters of its SHA.`)
  const builds = buildsOf(store, project, await lastNumber(store, project))
  const [found] = await takeBuilds(
    builds,
    view =>
      [...view.deploys.map(each => each.stage), ...view.manualStages].includes(stage) &&
      view.trigger === `push/${view.branch}` &&
      // If it has a deploy, its tests have passed.
      (view.status === 'passed' || (isRed(view) && view.deploy !== null)) &&
      view.commit.startsWith(commit ?? ''),
    { limit: 1, most: MAX_BUILDS },
  )
  if (found) return found.number
  const of = commit === undefined ? '' : ` of commit ${commit}`
  throw new UserError(
    `Found no passed build${of} that was pushed to the stage ${stage}. Push to its branch, or see "lambci builds".`,
  )
}

/** @throws UserError if no other commit was deployed successfully */
async function findRollbackTarget(store: Store, ref: StageRef): Promise<Deployment> {
  const current = await readCurrent(store, ref)
  if (!current) throw new UserError(`Nothing has been deployed to ${ref.stage} yet.`)
  const { deployed, latest } = current
  // After a failed or unfinished deploy the state of the stage is unknown, so the last successful one is repeated.
  if (deployed && latest.status !== 'succeeded') return deployed
  const deployments = await listDeployments(store, ref, MAX_DEPLOYS)
  const found = deployments.find(
    ({ status, commit }) => status === 'succeeded' && commit !== deployed?.commit,
  )
  if (found) return found
  const searched = deployments.length < MAX_DEPLOYS ? '' : ` within its last ${MAX_DEPLOYS} deploys`
  throw new UserError(
    `There is no commit to roll back to: no ${deployed ? 'other ' : ''}commit was deployed successfully to ${ref.stage}${searched}.`,
  )
}
