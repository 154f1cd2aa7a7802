import { projectNamed, projectSchema } from '../model/names.ts'
import { z } from '../model/zod.ts'
import { repositoryIdKey, repositoryKey } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { updateRecord } from './update-record.ts'

const namedSchema = z.object({
  id: z.int().positive(),
  project: projectSchema,
  /** Whether its last delivery was signed with the one secret of the stack: its webhook is from before it got its own secret. */
  hasSharedSecret: z.boolean().optional(),
})
/** `gh/<owner>/<repo>/repository.json`: the repository that has this name, by GitHub's id, and the place of its records. */
export type Named = z.infer<typeof namedSchema>

const knownSchema = z.object({
  /** Null once another repository has taken over its records. */
  project: projectSchema.nullable(),
  /** Its last name that GitHub has confirmed, in lower case. Former names stay bound, and may now belong to another one. */
  name: z.string().optional(),
  /** When GitHub last confirmed that name, to the hour. */
  confirmedAt: z.iso.datetime().optional(),
  /** Whether it is private, whatever its name: private since one of its deliveries said so, or public since GitHub did. */
  isPrivate: z.boolean().optional(),
})
/** `repositories/<id>.json`: the place of a repository's records, whatever its name is now, and whether it is private. */
export type Known = z.infer<typeof knownSchema>

/** The meaning of `owner/repo` in this stack; null before the first delivery from a repository of that name. */
export const readNamed = (store: Store, repository: string): Promise<Named | null> =>
  readRecord(store, repositoryKey(projectNamed(repository)), namedSchema)

export const readKnown = (store: Store, id: number): Promise<Known | null> =>
  readRecord(store, repositoryIdKey(id), knownSchema)

/** Binds a name. Returns the resulting record: `change` decides about a name that was bound before. */
export const updateNamed = async (
  store: Store,
  repository: string,
  change: (standing: Named | null) => Named,
): Promise<Named> =>
  (await updateRecord(store, repositoryKey(projectNamed(repository)), namedSchema, change)).value

/** As `updateNamed`, for the records of a repository. */
export const updateKnown = async (
  store: Store,
  id: number,
  change: (standing: Known | null) => Known,
): Promise<Known> => (await updateRecord(store, repositoryIdKey(id), knownSchema, change)).value

/**
 * All names under which there are records, of all owners or of one, as `gh/<owner>/<repo>`.
 * @param most the limit for owners, and for the names of one owner
 */
export async function listProjects(store: Store, owner: string | null, most = 1000): Promise<string[]> {
  const prefixOf = ({ key }: { key: string }) => key
  const at = { delimiter: '/', limit: most }
  const owners = owner === null ? (await store.list('gh/', at)).map(prefixOf) : [`gh/${owner}/`]
  const prefixes = await Promise.all(owners.map(each => store.list(each, at)))
  return prefixes.flat().map(({ key }) => key.replace(/\/$/, ''))
}

/** All names that have been built, in lower case, and their meaning. */
export async function listNamed(store: Store): Promise<{ repository: string; named: Named }[]> {
  const names = (await listProjects(store, null)).map(project => project.replace(/^gh\//, ''))
  const found = await Promise.all(
    names.map(async repository => ({ repository, named: await readNamed(store, repository) })),
  )
  return found.flatMap(({ repository, named }) => (named ? [{ repository, named }] : []))
}
