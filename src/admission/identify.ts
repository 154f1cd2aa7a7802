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

/** The repository of a delivery: GitHub's id, and the project of its records. `isPrivate`: it is, whatever the delivery says. */
export type Identity = {
  id: number
  project: string
  isPrivate?: true
  /** Records what is new about it; null if nothing is. */
  bind: (() => Promise<Refusal | null>) | null
  /**
   * Confirms, before a build starts, that the name on record still is the repository's. Absent if the signer speaks for every
   * repository, or GitHub has just confirmed it.
   * @throws UserError if GitHub gives no answer, and has not confirmed it for a day
   */
  confirm?: () => Promise<Refusal | null>
}

type Claimed = ClaimedName & Partial<Pick<BuildRequest, 'isPrivate'>>

/** Where the records of a delivery are. `isBound`: its name is on record. `actual`: GitHub's answer about the name, if it was asked. */
type Place = { id: number; project: string; isBound: boolean; actual?: OnGitHub }

/**
 * Finds out which repository a delivery is from. A name belongs to the id that came with it first, and a repository that
 * is renamed keeps its records. Where the payload contradicts what is on record, GitHub's own answer decides; and where nothing is on
 * record, or another name, if the signer speaks for some repositories only: people may know their secrets, and sign any name and id.
 * Reads two records at once, unless something is new.
 * @throws UserError if GitHub has to be asked and gives no answer
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

/** Where the records of a delivery are whose signer speaks for some repositories only, once GitHub has confirmed its name. */
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

/** The identity at this place, and what is to be recorded of it. */
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
    // Another delivery has just said so.
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
 * Whether the repository is private; undefined if nothing has said so. GitHub confirms that one which was private is public now: a
 * delivery of its public time, late or sent again, would open its pages. Without an answer, it stays private. All names of a
 * repository are one in this.
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
  // The id is known by another name.
  const actual = await findOnGitHub(repository)
  if (!actual) return refuse(`GitHub does not show ${repository} to this stack: check its token or App.`)
  if (actual.id !== repositoryId)
    return decidePlace(store, { repository, repositoryId: actual.id }, null, async () => actual)
  return followRename(store, repository, actual)
}

/** A delivery with another id than the one that has the name: an old or handmade payload, or another repository. */
function decideAbout(repository: string, named: Named, actual: OnGitHub | null): Place | Refusal {
  // The repository that is fetched is the one that has always been built here.
  if (actual?.id === named.id) return { ...named, isBound: true, actual }
  return refuse(
    actual
      ? `${repository} is another repository now: GitHub's id of it is ${actual.id}, and ${named.id} was built here until now. To build it, run "lambci adopt ${repository}", which says who gets the builds, settings and secrets, and send this delivery again.`
      : `This delivery is from another repository than the ${repository} that was built here until now, and GitHub does not show ${repository} to this stack. To build it, give the stack's token or App access to it, run "lambci adopt ${repository}", and send this delivery again.`,
  )
}

/** What was stored under the new name before the rename was seen would never be read. */
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

/** Binds id and name. Of two first deliveries at once, the second finds what the first has written. */
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
