import type { BuildRequest } from '../model/build.ts'
import { projectNamed } from '../model/names.ts'
import type { Signer } from '../model/signer.ts'
import { settingsKeys, stageOfVariablesKey, stageVariablesPrefix, variablesKeys } from '../records/keys.ts'
import { type Named, readKnown, readNamed, updateKnown, updateNamed } from '../records/repository-records.ts'
import type { Store } from '../records/store.ts'
import type { Refusal } from './refusal.ts'

/** Asks GitHub which repository has a name; null if it shows none. */
export type FindOnGitHub = (repository: string) => Promise<{ id: number; isPrivate?: boolean } | null>

/**
 * The repository of a delivery: GitHub's id, and the project of its records. `isPrivate`: it is, whatever the delivery says.
 * `bind` records what is new about it.
 */
export type Identity = {
  id: number
  project: string
  isPrivate?: true
  bind: (() => Promise<Refusal | null>) | null
}

type Claimed = Pick<BuildRequest, 'repository' | 'repositoryId'> & Partial<Pick<BuildRequest, 'isPrivate'>>

/**
 * Finds out which repository a delivery is from. A name belongs to the id that came with it first, and a repository that
 * is renamed keeps its records. Where the payload contradicts what is on record, GitHub's own answer decides; and where nothing is on
 * record, or another name, if the signer speaks for some repositories only: people may know their secrets, and sign any name and id.
 * Reads one record, or two at once, unless something is new.
 * @throws UserError if GitHub has to be asked and gives no answer
 */
export async function identify(
  store: Store,
  claimed: Claimed,
  findOnGitHub: FindOnGitHub,
  signer: Signer,
): Promise<Identity | Refusal> {
  const { repository, repositoryId } = claimed
  const isLimited = signer.by === 'repository' || signer.by === 'organization'
  const [named, known] = await Promise.all([
    readNamed(store, repository),
    isLimited && repositoryId !== null ? readKnown(store, repositoryId) : null,
  ])
  const isTheirs = named !== null && (named.id === repositoryId || repositoryId === null)
  if (isTheirs && (!isLimited || known?.name === repository.toLowerCase()))
    return standing(store, claimed, named, { signer, findOnGitHub })
  if (isLimited) {
    const actual = await findOnGitHub(repository)
    if (actual?.id !== repositoryId) return notTheirs(claimed, signer, actual)
    if (isTheirs) return newName(store, repository, named.id, named.project)
    return decideIdentity(store, claimed, named, async () => actual)
  }
  return decideIdentity(store, claimed, named, findOnGitHub)
}

/** A name that stands. Records what has changed about its repository. */
async function standing(
  store: Store,
  claimed: Claimed,
  named: Named,
  { signer, findOnGitHub }: { signer: Signer; findOnGitHub: FindOnGitHub },
): Promise<Identity> {
  const { repository } = claimed
  const isPrivate = await confirmPrivacy(claimed, named, findOnGitHub)
  const changes = {
    ...secretOf(named, signer),
    ...(isPrivate !== (named.isPrivate ?? false) && { isPrivate }),
  }
  const bind = async () => {
    await updateNamed(store, repository, current => ({ ...(current ?? named), ...changes }))
    return null
  }
  return {
    id: named.id,
    project: named.project,
    ...(isPrivate && !claimed.isPrivate && { isPrivate }),
    bind: Object.keys(changes).length > 0 ? bind : null,
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
 * Whether the repository is private. GitHub confirms that one which was private is public now: a delivery of its public time,
 * late or sent again, would open its pages. Without an answer, it stays private.
 */
async function confirmPrivacy(claimed: Claimed, named: Named, findOnGitHub: FindOnGitHub): Promise<boolean> {
  const wasPrivate = named.isPrivate ?? false
  if (claimed.isPrivate === undefined) return wasPrivate
  if (claimed.isPrivate || !wasPrivate) return claimed.isPrivate
  const actual = await findOnGitHub(claimed.repository).catch(() => null)
  return actual?.isPrivate !== false || actual.id !== named.id
}

async function decideIdentity(
  store: Store,
  { repository, repositoryId }: Claimed,
  named: Named | null,
  findOnGitHub: FindOnGitHub,
): Promise<Identity | Refusal> {
  if (named) return decideAbout(repository, named, await findOnGitHub(repository))
  if (repositoryId !== null) {
    const project = (await readKnown(store, repositoryId))?.project ?? null
    if (project === null || project === projectNamed(repository))
      return newName(store, repository, repositoryId, projectNamed(repository))
  }
  // The id is known by another name.
  const actual = await findOnGitHub(repository)
  if (!actual) return refuse(`GitHub does not show ${repository} to this stack: check its token or App.`)
  if (actual.id !== repositoryId)
    return decideIdentity(store, { repository, repositoryId: actual.id }, null, async () => actual)
  return followRename(store, repository, actual.id)
}

const notTheirs = ({ repository, repositoryId }: Claimed, { by }: Signer, actual: { id: number } | null) =>
  refuse(
    actual
      ? `${repository} has the id ${actual.id} on GitHub, and this delivery is signed for ${by === 'repository' ? 'the repository with' : 'one with'} the id ${repositoryId}.`
      : `GitHub does not show ${repository} to this stack: check its token or App, and send this delivery again.`,
  )

/** A delivery with another id than the one that has the name: an old or handmade payload, or another repository. */
function decideAbout(repository: string, named: Named, actual: { id: number } | null): Identity | Refusal {
  // What is fetched is the repository that has always been built here.
  if (actual?.id === named.id) return { id: named.id, project: named.project, bind: null }
  return refuse(
    actual
      ? `${repository} is another repository now: GitHub's id of it is ${actual.id}, and ${named.id} was built here until now. To build it, run "lambci adopt ${repository}", which says who gets the builds, settings and secrets, and send this delivery again.`
      : `This delivery is from another repository than the ${repository} that was built here until now, and GitHub does not show ${repository} to this stack. To build it, give the stack's token or App access to it, run "lambci adopt ${repository}", and send this delivery again.`,
  )
}

/** What was stored under the new name before the rename was seen would never be read. */
async function followRename(store: Store, repository: string, id: number): Promise<Identity | Refusal> {
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
  return newName(store, repository, id, project)
}

const newName = (store: Store, repository: string, id: number, project: string): Identity => ({
  id,
  project,
  bind: () => bind(store, repository, { id, project }),
})

/** Binds id and name. Of two first deliveries at once, the second finds what the first has written. */
async function bind(
  store: Store,
  repository: string,
  { id, project }: { id: number; project: string },
): Promise<Refusal | null> {
  const name = repository.toLowerCase()
  const known = await updateKnown(store, id, standing =>
    standing?.project && standing.name === name ? standing : { project: standing?.project ?? project, name },
  )
  const named = await updateNamed(store, repository, standing => standing ?? { id, project })
  if (known.project === project && named.id === id) return null
  return refuse(`Another delivery has just given ${repository} another identity. Send this delivery again.`)
}

const refuse = (reason: string): Refusal => ({ refused: 'conflict', reason })
