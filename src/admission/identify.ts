import type { BuildRequest } from '../model/build.ts'
import { projectNamed } from '../model/names.ts'
import type { Signer } from '../model/signer.ts'
import { settingsKeys, stageOfVariablesKey, stageVariablesPrefix, variablesKeys } from '../records/keys.ts'
import {
  type Known,
  type Named,
  readKnown,
  readNamed,
  updateKnown,
  updateNamed,
} from '../records/repository-records.ts'
import type { Store } from '../records/store.ts'
import {
  type ClaimedName,
  confirmName,
  type FindOnGitHub,
  type IdentityContext,
  isThat,
  notTheirs,
  type OnGitHub,
  refuse,
} from './confirm-name.ts'
import type { Refusal } from './refusal.ts'

/** The repository of a delivery: GitHub's id, and the project of its records. `isPrivate`: it is private, whatever the delivery says. */
export type Identity = {
  id: number
  project: string
  isPrivate?: true
  /** Records the news about it; null if there is none. */
  bind: (() => Promise<Refusal | null>) | null
  /**
   * Confirms, before a build starts, that the name on record is still the repository's. Absent if the signer speaks for every repository,
   * or GitHub has just confirmed it.
   * @throws UserError if GitHub gives no answer, and has not confirmed it for a day
   */
  confirm?: () => Promise<Refusal | null>
}

type Claimed = ClaimedName & Partial<Pick<BuildRequest, 'isPrivate'>>

/** The place of a delivery's records. `isBound`: its name is on record. `actual`: GitHub's answer about the name, if it was queried. */
type Place = { id: number; project: string; isBound: boolean; actual?: OnGitHub }

/**
 * Identifies the repository of a delivery. A name belongs to the id that first came with it, and a renamed repository keeps its records. If
 * the payload contradicts the records, GitHub's own answer decides; also if there is no record, or another name, and the signer speaks only
 * for some repositories: people may know their secrets, and sign any name and id. Reads two records at once, unless something is new.
 * @throws UserError if GitHub must be queried and gives no answer
 */
export async function identify(
  store: Store,
  claimed: Claimed,
  context: IdentityContext,
): Promise<Identity | Refusal> {
  const { repository, repositoryId } = claimed
  const { signer, findOnGitHub } = context
  const isLimited = signer.by === 'repository' || signer.by === 'organization'
  const [named, ofClaimed] = await Promise.all([
    readNamed(store, repository),
    repositoryId === null ? null : readKnown(store, repositoryId),
  ])
  const isTheirs = named !== null && (named.id === repositoryId || repositoryId === null)
  const knownOf = (id: number) => (id === repositoryId ? ofClaimed : readKnown(store, id))
  if (isTheirs && (!isLimited || ofClaimed?.name === repository.toLowerCase())) {
    const known = await knownOf(named.id)
    const identity = await settle(store, claimed, { ...named, isBound: true }, { named, known }, context)
    if (!isLimited || known === null) return identity
    return { ...identity, confirm: () => confirmName(store, claimed, known, context) }
  }
  const place = isLimited
    ? await confirmedPlace(store, claimed, named, context)
    : await decidePlace(store, claimed, named, findOnGitHub)
  if ('refused' in place) return place
  return settle(store, claimed, place, { named, known: await knownOf(place.id) }, context)
}

/** The place of a delivery's records if its signer speaks only for some repositories, once GitHub has confirmed its name. */
async function confirmedPlace(
  store: Store,
  claimed: Claimed,
  named: Named | null,
  { signer, findOnGitHub }: IdentityContext,
): Promise<Place | Refusal> {
  const { repository, repositoryId } = claimed
  const actual = await findOnGitHub(repository)
  if (!actual || !isThat(claimed, actual)) return notTheirs(claimed, signer, actual)
  if (named?.id === repositoryId) return { ...named, isBound: false, actual }
  const place = await decidePlace(store, claimed, named, async () => actual)
  return 'refused' in place ? place : { ...place, actual }
}

/** The identity at this place, and what to record about it. */
async function settle(
  store: Store,
  claimed: Claimed,
  { id, project, isBound, actual }: Place,
  { named, known }: { named: Named | null; known: Known | null },
  { signer, findOnGitHub, now }: IdentityContext,
): Promise<Identity> {
  const { repository } = claimed
  const isPrivate = await confirmPrivacy(claimed, { id, known, actual }, findOnGitHub)
  const secret = isBound && named ? secretOf(named, signer) : {}
  const becomes = { ...(isPrivate !== undefined && isPrivate !== known?.isPrivate && { isPrivate }) }
  const change = (standing: Known): Known => ({
    ...standing,
    ...becomes,
    // Another delivery has just reported it.
    ...(standing.isPrivate === true && known?.isPrivate !== true && { isPrivate: true }),
    ...(actual && isThat({ repository, repositoryId: id }, actual) && { confirmedAt: now().toISOString() }),
  })
  const isSame = Object.keys({ ...secret, ...becomes }).length === 0
  const rebind = async () => {
    if ('isPrivate' in becomes)
      await updateKnown(store, id, standing => change(standing ?? known ?? { project }))
    if (named && Object.keys(secret).length > 0)
      await updateNamed(store, repository, current => ({ ...(current ?? named), ...secret }))
    return null
  }
  return {
    id,
    project,
    ...(isPrivate && !claimed.isPrivate && { isPrivate }),
    bind: !isBound ? () => bind(store, repository, { id, project }, change) : isSame ? null : rebind,
  }
}

/** Whether the repository's webhook still has the one secret of the stack, if that has changed. */
function secretOf(named: Named, { by }: Signer): Pick<Named, 'hasSharedSecret'> {
  const hasSharedSecret = by === 'shared'
  const isTheirs = by === 'repository' || by === 'organization'
  if (hasSharedSecret === (named.hasSharedSecret ?? false) || !(hasSharedSecret || isTheirs)) return {}
  return { hasSharedSecret }
}

/**
 * Whether the repository is private; undefined if that is unknown. If it was private, GitHub must confirm that it is public now: a delivery
 * of its public time, late or sent again, would open its pages. Without an answer, it stays private. All names of a repository share this.
 */
async function confirmPrivacy(
  claimed: Claimed,
  { id, known, actual: answer }: { id: number; known: Known | null; actual: OnGitHub | undefined },
  findOnGitHub: FindOnGitHub,
): Promise<boolean | undefined> {
  if (claimed.isPrivate === undefined) return known?.isPrivate
  const isFirst = known === null && answer === undefined
  if (claimed.isPrivate || isFirst || known?.isPrivate === false) return claimed.isPrivate
  const actual = answer ?? (await findOnGitHub(claimed.repository).catch(() => null))
  return actual?.isPrivate !== false || actual.id !== id
}

async function decidePlace(
  store: Store,
  { repository, repositoryId }: Claimed,
  named: Named | null,
  findOnGitHub: FindOnGitHub,
): Promise<Place | Refusal> {
  if (named) return decideAbout(repository, named, await findOnGitHub(repository))
  if (repositoryId !== null) {
    const project = (await readKnown(store, repositoryId))?.project ?? null
    if (project === null || project === projectNamed(repository))
      return { id: repositoryId, project: projectNamed(repository), isBound: false }
  }
  // The id is known under another name.
  const actual = await findOnGitHub(repository)
  if (!actual) return refuse(`GitHub does not show ${repository} to this stack: check its token or App.`)
  if (actual.id !== repositoryId)
    return decidePlace(store, { repository, repositoryId: actual.id }, null, async () => actual)
  return followRename(store, repository, actual)
}

/** Decides about a delivery whose id is not the name's: an old or handmade payload, or another repository. */
function decideAbout(repository: string, named: Named, actual: OnGitHub | null): Place | Refusal {
  // The fetched repository is the one that has always been built here.
  if (actual?.id === named.id) return { ...named, isBound: true, actual }
  return refuse(
    actual
      ? `${repository} is another repository now: GitHub's id of it is ${actual.id}, and ${named.id} was built here until now. To build it, run "lambci adopt ${repository}", which says who gets the builds, settings and secrets, and send this delivery again.`
      : `This delivery is from another repository than the ${repository} that was built here until now, and GitHub does not show ${repository} to this stack. To build it, give the stack's token or App access to it, run "lambci adopt ${repository}", and send this delivery again.`,
  )
}

/** Objects that were stored under the new name before the rename was seen would never be read. */
async function followRename(store: Store, repository: string, actual: OnGitHub): Promise<Place | Refusal> {
  const { id } = actual
  const project = (await readKnown(store, id))?.project ?? projectNamed(repository)
  const own = projectNamed(repository)
  const keys: string[] = [settingsKeys(own)[1], variablesKeys(own)[1]]
  const found = await Promise.all([...keys, stageVariablesPrefix(own)].map(prefix => store.list(prefix)))
  const unread = found
    .flat()
    .flatMap(({ key }) => (keys.includes(key) || stageOfVariablesKey(key) ? [key] : []))
  if (project !== own && unread.length > 0)
    return refuse(
      `${repository} was renamed: its settings and secrets are those of ${project.slice('gh/'.length)}. But ${unread.join(' and ')} in the bucket would not be read: remove ${unread.length > 1 ? 'them' : 'it'}, and send this delivery again.`,
    )
  return { id, project, isBound: false, actual }
}

/** Binds id and name. If two first deliveries are concurrent, the second finds what the first has written. */
async function bind(
  store: Store,
  repository: string,
  { id, project }: Pick<Place, 'id' | 'project'>,
  change: (standing: Known) => Known,
): Promise<Refusal | null> {
  const name = repository.toLowerCase()
  const known = await updateKnown(store, id, standing => {
    const { confirmedAt, ...others } = standing ?? { project }
    const isSame = others.name === name && confirmedAt !== undefined
    return change({ ...others, project: others.project ?? project, name, ...(isSame && { confirmedAt }) })
  })
  const named = await updateNamed(store, repository, standing => standing ?? { id, project })
  if (known.project === project && named.id === id) return null
  return refuse(`Another delivery has just given ${repository} another identity. Send this delivery again.`)
}
