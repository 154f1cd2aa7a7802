import type { FoundRepository, LookUp } from '../github/repository-lookup.ts'
import { projectNamed } from '../model/names.ts'
import { UserError } from '../model/user-error.ts'
import { readKnown, readNamed } from '../records/repository-records.ts'
import type { Store } from '../records/store.ts'

/** Where the records of a repository are. `note` says what could not be made sure of. */
export type FoundProject = { project: string; note: string | null }

/** The project of `owner/repo`, by the names that this stack has seen so far. */
export const projectOnRecord = async (store: Store, repository: string): Promise<string> =>
  (await readNamed(store, repository))?.project ?? projectNamed(repository)

/**
 * The project of `owner/repo`, by what GitHub says now: the next delivery may be the first one after a rename. With null
 * instead of `lookUp`, GitHub is not asked.
 * @throws UserError if the name belongs to another repository now
 */
export async function findProject(
  store: Store,
  repository: string,
  lookUp: LookUp | null,
): Promise<FoundProject> {
  const named = await readNamed(store, repository)
  const standing = named?.project ?? projectNamed(repository)
  const found = await lookUpIfPossible(lookUp, repository)
  if (typeof found === 'string') return { project: standing, note: found }
  if (!found || found.id === named?.id) return { project: standing, note: null }
  const known = await readKnown(store, found.id)
  if (named)
    throw new UserError(
      `${repository} is another repository now: GitHub's id of it is ${found.id}, and ${named.id} was built here until now. Run "lambci adopt ${repository}" first.`,
    )
  return { project: known?.project ?? projectNamed(found.name), note: null }
}

/** What GitHub shows; null if it was not asked; or why that is not known. */
async function lookUpIfPossible(
  lookUp: LookUp | null,
  repository: string,
): Promise<FoundRepository | string | null> {
  if (!lookUp) return null
  try {
    return (
      (await lookUp(repository)) ??
      `GitHub does not show ${repository} to this stack. Check the spelling, unless its token or App may not see it.`
    )
  } catch (error) {
    if (error instanceof UserError) return `${repository} was not checked. ${error.message}`
    throw error
  }
}
