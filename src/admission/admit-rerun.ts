import { buildOfCheckId } from '../model/check-id.ts'
import type { Rerun } from '../model/rerun.ts'
import type { Signer } from '../model/signer.ts'
import { readBuild } from '../records/read-records.ts'
import type { AdmissionContext, AdmissionResult, Refusal } from './admit.ts'
import { admitRebuild } from './admit-again.ts'

/** The questions about a pressed button that only GitHub can answer. */
export type RerunQueries = {
  /** Whether somebody may write to a repository, by GitHub's id. @throws if GitHub gives no answer */
  mayWrite: (repository: { id: number; name: string }, login: string) => Promise<boolean>
  /** The builds of the newest check runs of a suite. @throws if GitHub gives no answer */
  idsInSuite: (repository: string, suite: number) => Promise<string[]>
}

type RerunContext = AdmissionContext & {
  queries: RerunQueries
  signer: Signer
  /** The App of this stack; null if it has none. */
  appId: number | null
}

/** A commit has two check runs. */
const MOST_RERUNS = 2

/**
 * Rebuilds, like `lambci rebuild`, when a person has pressed a button, if it is on a check run of this stack's App and the person may write
 * to the repository. It never deploys.
 */
export async function admitRerun(
  deliveryId: string,
  rerun: Rerun,
  context: RerunContext,
): Promise<AdmissionResult[]> {
  const refusal = refuseForeign(rerun, context) ?? (await refusePerson(rerun, context))
  if (refusal) return [refusal]
  const { of, failed } = rerun
  if ('checkId' in of) return [await rerunOne(deliveryId, rerun, of.checkId, failed, context)]
  const ids = await context.queries
    .idsInSuite(rerun.repository, of.suite)
    .catch(error => noAnswer('which check runs are meant', error))
  if ('refused' in ids) return [ids]
  if (ids.length === 0) return [refuse('unknown', 'This stack has made no check run at this commit.')]
  const results: AdmissionResult[] = []
  for (const [at, id] of [...new Set(ids)].slice(0, MOST_RERUNS).entries())
    results.push(await rerunOne(at === 0 ? deliveryId : `${deliveryId}.${at}`, rerun, id, failed, context))
  return results
}

function refuseForeign({ appId }: Rerun, { signer, appId: own }: RerunContext): Refusal | null {
  // People know the secrets of other webhooks, and GitHub sends these events only to Apps.
  if (signer.by !== 'app')
    return refuse('forbidden', "Buttons of check runs count only in deliveries of the App's own webhook.")
  if (own === null || appId !== own)
    return refuse('forbidden', `This check run is of the App ${appId}, and not of this stack's.`)
  return null
}

async function refusePerson(
  { repository, repositoryId, login }: Rerun,
  { queries }: RerunContext,
): Promise<Refusal | null> {
  const may = await queries
    .mayWrite({ id: repositoryId, name: repository }, login)
    .catch(error => noAnswer(`whether ${login} may write to ${repository}`, error))
  if (typeof may !== 'boolean') return may
  if (may) return null
  return refuse(
    'forbidden',
    `${login} may not write to ${repository}, so nothing was run again. Somebody who may can press the button.`,
  )
}

async function rerunOne(
  deliveryId: string,
  { repository, repositoryId, commit }: Rerun,
  checkId: string,
  failed: boolean,
  context: RerunContext,
): Promise<AdmissionResult> {
  const ref = buildOfCheckId(checkId)
  const build = ref && (await readBuild(context.store, ref))
  if (!build) return refuse('unknown', 'This check run names no build of this stack.')
  if (build.repositoryId !== repositoryId || build.commit !== commit)
    return refuse(
      'conflict',
      `Build #${build.number} is of another repository or commit than this check run of ${repository}.`,
    )
  return admitRebuild(deliveryId, { ...ref, failed }, context, { mayRepeat: true })
}

const refuse = (refused: Refusal['refused'], reason: string): Refusal => ({ refused, reason })

function noAnswer(question: string, error: unknown): Refusal {
  console.error(error)
  return refuse(
    'conflict',
    `GitHub did not say ${question}, so nothing was run again. Press the button again.`,
  )
}
