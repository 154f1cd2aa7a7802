import type { RepositoryLookup } from '../github/repository-lookup.ts'
import { projectNamed } from '../model/names.ts'
import { UserError } from '../model/user-error.ts'
import { counterKey } from '../records/keys.ts'
import { readKnown, readNamed, updateKnown, updateNamed } from '../records/repository-records.ts'
import type { Store } from '../records/store.ts'

/**
 * The result of adopting the repository that now has a name. `takes`: no repository uses the records under that name now, so it takes
 * over builds, settings, secrets and stages. `keeps`: it was built before, under another name. `starts`: the former repository exists
 * under another name and keeps them, so this one starts with none.
 */
export type Adoption = {
  repository: string
  id: number
  formerId: number
  kind: 'takes' | 'keeps' | 'starts'
  project: string
  /** The current name of the former repository, if it exists. */
  formerName: string | null
  /** Whether the repository is private, according to GitHub. */
  isPrivate: boolean
}

/**
 * Determines what adopting would do. Null if there is nothing to adopt.
 * @throws UserError if GitHub does not show the repository
 */
export async function planAdoption(
  store: Store,
  repository: string,
  lookup: RepositoryLookup,
): Promise<Adoption | null> {
  const [named, found] = await Promise.all([readNamed(store, repository), lookup.byName(repository)])
  if (!found)
    throw new UserError(
      `GitHub does not show ${repository} to this stack: check the spelling, and its token or App.`,
    )
  if (!named || found.id === named.id) return null
  const [known, former] = await Promise.all([readKnown(store, found.id), lookup.byId(named.id, repository)])
  const adoption = {
    repository: found.name,
    id: found.id,
    formerId: named.id,
    formerName: former?.name ?? null,
    isPrivate: found.isPrivate,
  }
  if (known?.project) return { ...adoption, kind: 'keeps', project: known.project }
  const isTaken = (await readKnown(store, named.id))?.project !== named.project
  return former || isTaken
    ? {
        ...adoption,
        kind: 'starts',
        project: await freeProject(store, repository, { ...named, id: found.id }),
      }
    : { ...adoption, kind: 'takes', project: named.project }
}

/** A project without records of another repository. */
async function freeProject(
  store: Store,
  repository: string,
  { id, project: former }: { id: number; project: string },
): Promise<string> {
  const project = projectNamed(repository)
  const isFree = project !== former && (await store.get(counterKey(project))) === null
  return isFree ? project : `${project}@${id}`
}

/** Gives the name to the repository. The former one is bound again if it comes back. */
export async function adopt(
  store: Store,
  { repository, id, formerId, kind, project, isPrivate }: Adoption,
): Promise<void> {
  // The builds stay as private as their repository was, until the new repository has a build.
  if (kind === 'takes') await updateKnown(store, formerId, standing => ({ ...standing, project: null }))
  await updateKnown(store, id, () => ({ project, isPrivate }))
  await updateNamed(store, repository, () => ({ id, project }))
}
