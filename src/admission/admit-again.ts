import { readAccount } from '../account/settings.ts'
import { type Build, type BuildRequest, buildRequestSchema } from '../model/build.ts'
import { projectSchema } from '../model/names.ts'
import { trustOf } from '../model/trust.ts'
import { lastNumber } from '../records/counter.ts'
import type { BuildRef } from '../records/keys.ts'
import { readBuild, readRecords } from '../records/read-records.ts'
import { readKnown } from '../records/repository-records.ts'
import { recordStageRequest } from '../records/stage-requests.ts'
import type { Store } from '../records/store.ts'
import { type Records, viewOf } from '../records/view.ts'
import { approveCommandOf } from '../records/wording.ts'
import { type AdmissionContext, type AdmissionResult, admit, isDone, type Refusal } from './admit.ts'
import { explainEarlierStage } from './explain-earlier-stage.ts'
import { explainUntested } from './explain-untested.ts'
import { explainLostArtifacts } from './lost-artifacts.ts'
import { explainRepeating } from './repetition.ts'
import { decideRetry, wholeInstead } from './retry.ts'
import type { DeployRequest, RebuildRequest } from './signed-requests.ts'

/**
 * Builds the commit of an ended build again, under a new number and with the account's current settings. A retry takes over the jobs that
 * passed, if it can. Neither deploys.
 * @param options `mayRepeat`: whether the same delivery, sent again after its build has ended, starts another one
 */
export async function admitRebuild(
  deliveryId: string,
  wanted: RebuildRequest,
  context: AdmissionContext,
  { mayRepeat = false } = {},
): Promise<AdmissionResult> {
  const records = await findBuild(context.store, wanted)
  if ('refused' in records) return records
  const { status, repository, number } = viewOf(records)
  if (!isDone(records, context.now())) {
    const how = status === 'waiting' ? ` To start it: ${approveCommandOf(records.build)}` : ''
    const reason = `Build #${number} of ${repository} has not ended yet: it is ${status}.${how}`
    return { refused: 'conflict', reason }
  }
  const { target } = records.build
  // An older commit gets onto a stage only if a person requests the deploy.
  if (target) {
    const again = `lambci deploy ${repository} ${target.stage} --commit ${records.build.commit.slice(0, 10)}`
    const reason = `Build #${number} of ${repository} only deploys, and a rebuild repeats tests. To deploy again: ${again}`
    return { refused: 'forbidden', reason }
  }
  const repeating = explainRepeating(records.build, 'rebuild')
  if (repeating !== null) return { refused: 'forbidden', reason: repeating }
  const request = buildRequestSchema.parse(await asOfNow(context.store, records.build))
  if (wanted.failed) {
    const refusal = await refuseRetry(records, request, context.store)
    return refusal ?? admit(deliveryId, { request, isArrival: false, mayRepeat, retryOf: number }, context)
  }
  // A push that changed no relevant path is built now, because somebody requests it.
  const baseCommit = request.event === 'push' ? null : request.baseCommit
  const again = { request: { ...request, baseCommit }, isArrival: false, mayRepeat, rebuildOf: number }
  return admit(deliveryId, again, context)
}

/**
 * Deploys the commit of a build to a stage, at a person's request, as a build without tests. A build that only deploys stands for the one
 * whose commit it deploys, whose tests must all have passed.
 */
export async function admitDeploy(
  deliveryId: string,
  wanted: DeployRequest,
  context: AdmissionContext,
): Promise<AdmissionResult> {
  const { stage, by = null } = wanted
  const named = await findBuild(context.store, wanted)
  if ('refused' in named) return named
  const { target: deployed } = named.build
  const records = deployed ? await findBuild(context.store, { ...wanted, number: deployed.of }) : named
  if ('refused' in records) return records
  const { build } = records
  const { number } = build
  const repeating = explainRepeating(build, 'deploy')
  if (repeating !== null) return { refused: 'forbidden', reason: repeating }
  if (build.event !== 'push') {
    const reason = `Build #${number} is of a ${build.event}, and only pushes are deployed.`
    return { refused: 'forbidden', reason }
  }
  if (!(await readAccount(context.store, build.project)).mayDeploy(build.branch)) {
    const reason = `The branch ${build.branch} is not among the account's "deployBranches".`
    return { refused: 'forbidden', reason }
  }
  const untested = explainUntested(records)
  const early = untested ?? (await explainEarlierStage(context.store, records, stage))
  if (early !== null) return { refused: 'conflict', reason: early }
  const target = { stage, of: number, by }
  const request = buildRequestSchema.safeParse({
    ...(await asOfNow(context.store, build)),
    event: 'deploy',
    trigger: `deploy/${stage}`,
    target,
  })
  if (!request.success) return { refused: 'invalid', reason: `"${stage}" is not a valid stage name.` }
  const kind = wanted.isRollback ? 'rollback' : 'deploy'
  const at = context.now().toISOString()
  await recordStageRequest(
    context.store,
    { project: build.project, id: deliveryId },
    { kind, stage, by, at, build: number },
  )
  return admit(deliveryId, { request: request.data, isArrival: false }, context)
}

/** Why a build cannot be retried; null if it can. Report decides again, once it has the plan. */
export async function refuseRetry(
  records: Records,
  request: BuildRequest,
  store: Store,
): Promise<Refusal | null> {
  const { project } = records.build
  const account = await readAccount(store, project)
  const retry = {
    trust: trustOf(request, account.mayDeploy),
    deployRoles: account.deployRoles(request.branch),
  }
  const decided = decideRetry(records, retry)
  if ('refused' in decided) return { refused: 'conflict', reason: decided.refused }
  const lost = await explainLostArtifacts(store, project, decided.plan, decided.takenOver)
  if (lost === null) return null
  return { refused: 'conflict', reason: `${lost} ${wholeInstead(records.build)}` }
}

/**
 * The build as one of the repository that has its records now, under the name of the newest build. It is private if that repository is, or
 * if it was private itself: the newest build may repeat a public one.
 */
export async function asOfNow(store: Store, build: Build): Promise<Build> {
  const { project } = build
  const newest = await readBuild(store, { project, number: await lastNumber(store, project) })
  const { repository, repositoryId, isPrivate } = newest ?? build
  const known = repositoryId === null ? null : await readKnown(store, repositoryId)
  return {
    ...build,
    repository,
    repositoryId,
    isPrivate: build.isPrivate || (known?.isPrivate ?? isPrivate),
  }
}

export async function findBuild(store: Store, ref: BuildRef): Promise<Records | Refusal> {
  const { data: project } = projectSchema.safeParse(ref.project)
  const records = project ? await readRecords(store, { ...ref, project }) : null
  return records ?? { refused: 'unknown', reason: `There is no build #${ref.number} of ${ref.project}.` }
}
