import { DEPLOY_EVENT } from '../../admission/signed-requests.ts'
import { type Deployment, listDeployments, readCurrent } from '../../deploy/deployments.ts'
import { stageNameSchema } from '../../model/build.ts'
import { UserError } from '../../model/user-error.ts'
import { buildsOf, takeBuilds } from '../../records/builds.ts'
import { lastNumber } from '../../records/counter.ts'
import type { StageRef } from '../../records/keys.ts'
import type { Store } from '../../records/store.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { sendRequest, type RequestOptions } from './send-request.ts'
import { projectOf } from './targets.ts'

/** How many builds are looked at for the one that is meant, and how many deploys for a good one. */
const LOOKED_AT = 1000
const DEPLOYS = 100

/** `lambci deploy OWNER/REPO STAGE`: the newest green commit of a stage's branch once more, or a given one. */
export async function deployAgain(
  repository: string,
  name: string,
  options: StackOptions & RequestOptions & { commit?: string },
): Promise<number> {
  const ref = stageOf(repository, name)
  const stack = await findStack(options)
  const number = await findGreen(stack.store, ref, options.commit)
  return ask(stack, ref, number, options)
}

/** `lambci rollback OWNER/REPO STAGE`: the last commit that was deployed there well, and is not there now. */
export async function rollBack(
  repository: string,
  name: string,
  options: StackOptions & RequestOptions,
): Promise<number> {
  const ref = stageOf(repository, name)
  const stack = await findStack(options)
  const good = await findGood(stack.store, ref)
  if (!options.json)
    console.log(
      `Back to ${good.commit.slice(0, 10)} (${good.message || 'no message'}), deployed by #${good.build}.`,
    )
  return ask(stack, ref, good.of, options)
}

function stageOf(repository: string, name: string): StageRef {
  const { data: stage } = stageNameSchema.safeParse(name)
  if (stage) return { project: projectOf(repository), stage }
  throw new UserError(`"${name}" is no stage: lower-case letters, digits and dashes, such as "qa".`)
}

const ask = (
  stack: Awaited<ReturnType<typeof findStack>>,
  { project, stage }: StageRef,
  number: number,
  options: RequestOptions,
) =>
  sendRequest(stack, { project, number }, { event: DEPLOY_EVENT, payload: { project, number, stage } }, options)

/** The newest push to the stage that passed its tests; of one commit, if it is given. */
async function findGreen(
  store: Store,
  { project, stage }: StageRef,
  commit: string | undefined,
): Promise<number> {
  if (commit !== undefined && !/^[0-9a-f]{7,64}$/.test(commit))
    throw new UserError(`"${commit}" is no commit: give at least seven characters of its id.`)
  const builds = buildsOf(store, project, await lastNumber(store, project))
  const [found] = await takeBuilds(
    builds,
    view =>
      view.stage === stage &&
      view.trigger === `push/${view.branch}` &&
      view.status === 'passed' &&
      view.commit.startsWith(commit ?? ''),
    { limit: 1, most: LOOKED_AT },
  )
  if (found) return found.number
  const what = commit === undefined ? 'No green build' : `No green build of ${commit}`
  throw new UserError(
    `${what} has the stage ${stage}. Push to its branch; "lambci builds" shows what there is.`,
  )
}

async function findGood(store: Store, ref: StageRef): Promise<Deployment> {
  const current = await readCurrent(store, ref)
  if (!current) throw new UserError(`Nothing was ever deployed to ${ref.stage}.`)
  const { deployed, latest } = current
  // After a deploy that failed nobody knows what runs there: the last good one it is.
  if (deployed && latest.status === 'failed') return deployed
  const good = (await listDeployments(store, ref, DEPLOYS)).find(
    ({ status, commit }) => status === 'succeeded' && commit !== deployed?.commit,
  )
  if (good) return good
  throw new UserError(
    `There is no other commit to go back to: ${ref.stage} has seen only ${deployed?.commit.slice(0, 10) ?? 'failures'}.`,
  )
}
