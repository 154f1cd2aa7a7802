import { type Account, readAccount } from '../account/settings.ts'
import { leftOutKeys, listAccountKeys } from '../account/unread-objects.ts'
import type { Build } from '../model/build.ts'
import { projectNamed } from '../model/names.ts'
import { trustOf } from '../model/trust.ts'
import { UserError } from '../model/user-error.ts'
import { lastNumber } from '../records/counter.ts'
import { readBuild } from '../records/read-records.ts'
import { readKnown } from '../records/repository-records.ts'
import type { Store } from '../records/store.ts'
import { NOT_STARTED } from '../records/wording.ts'

/**
 * Why a build that has waited for approval must not start as it was recorded, as a sentence; null if no relevant change was made.
 * `build.json` has the account's settings and the repository's trust, name and visibility of up to 30 days ago.
 * @throws if the bucket does not answer
 */
export async function explainChanges(build: Build, store: Store): Promise<string | null> {
  const { project, repository, repositoryId, isPrivate, number } = build
  const last = await lastNumber(store, project)
  const newest = last > number ? await readBuild(store, { project, number: last }) : null
  const known = repositoryId === null ? null : await readKnown(store, repositoryId)
  const now = {
    repository: newest?.repository ?? repository,
    // A delivery that created no build may have changed it.
    isPrivate: known?.isPrivate ?? newest?.isPrivate ?? isPrivate,
  }
  const again = `To build it: lambci rebuild ${now.repository}#${number}`
  const account = await readNow(build, store)
  if (account && !account.allows(now.repository))
    return `${NOT_STARTED}: ${now.repository} is no longer in "allow" of config/global.json`
  if (!account || isChanged(build, account) || (await isLeftOut(build, store)))
    return `${NOT_STARTED}: the account's settings have changed since. ${again}`
  if (now.isPrivate !== isPrivate)
    return `${NOT_STARTED}: the repository has become ${now.isPrivate ? 'private' : 'public'} since. ${again}`
  if (now.repository.toLowerCase() !== repository.toLowerCase())
    return `${NOT_STARTED}: the repository is called ${now.repository} now. ${again}`
  return null
}

/** The account's current settings; null if they are not valid. */
const readNow = (build: Build, store: Store): Promise<Account | null> =>
  readAccount(store, build.project).catch(error => {
    if (error instanceof UserError) return null
    throw error
  })

/** Settings that only decide whether a build is admitted and whether it waits. */
const OF_ADMISSION = ['allow', 'approval', 'maxForkBuildsPerDay', 'maxBuildsPerDay', 'monthlyBudget']

/** Whether the settings for a build differ from the recorded ones. A pure function. */
function isChanged(build: Build, { settings, mayDeploy }: Account): boolean {
  const rest = (layer: unknown) => Object.entries(layer ?? {}).filter(([key]) => !OF_ADMISSION.includes(key))
  const counting = ({ global, repository }: Record<string, unknown>) =>
    // The order of keys may also matter.
    JSON.stringify([rest(global), rest(repository)])
  return counting(build.settings) !== counting(settings) || trustOf(build, mayDeploy) !== build.trust
}

/** Whether there are settings or secrets for the repository that its builds would leave out, so that it is not built. */
async function isLeftOut({ project, repository }: Build, store: Store): Promise<boolean> {
  const named = projectNamed(repository)
  const leftOut = await leftOutKeys(store, await listAccountKeys(store), { project, named })
  return leftOut.length > 0
}
