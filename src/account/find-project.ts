import type { FoundRepository, LookUp } from '../github/repository-lookup.ts'
import { projectNamed } from '../model/names.ts'
import { UserError } from '../model/user-error.ts'
import { readKnown, readNamed } from '../records/repository-records.ts'
import type { Store } from '../records/store.ts'

/** The project of a repository's records. `note` says if it could not be confirmed. */
export type FoundProject = { project: string; note: string | null }

/** The project of `owner/repo`, by the names that this stack has seen so far. */
export const projectOnRecord = async (store: Store, repository: string): Promise<string> =>
  (await readNamed(store, repository))?.project ?? projectNamed(repository)

/**
 * The project of `owner/repo`, by what GitHub says now: the next delivery may be the first one after a rename. If `lookUp` is null,
 * GitHub is not queried.
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

/** The repository that GitHub shows; null if GitHub was not queried; or why it is not known. */
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
