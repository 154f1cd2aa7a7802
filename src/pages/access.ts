import { repositoryOf } from '../model/build.ts'
import { projectSchema, repositorySchema } from '../model/names.ts'
import { z } from '../model/zod.ts'
import { buildsOf, takeBuilds } from '../records/builds.ts'
import { lastNumber } from '../records/counter.ts'
import type { BuildRef } from '../records/keys.ts'
import { buildPath, opensPath } from '../records/links.ts'
import { readRecords } from '../records/read-records.ts'
import { readNamed } from '../records/repository-records.ts'
import type { Store } from '../records/store.ts'
import type { Records, View } from '../records/view.ts'

const refSchema = z.object({
  project: projectSchema,
  number: z
    .string()
    .regex(/^[1-9]\d{0,9}$/)
    .transform(Number),
})

/** Parses the parts of a build's path. Null if they are invalid. */
export function parseBuildRef(owner: string, repo: string, number: string): BuildRef | null {
  const parsed = refSchema.safeParse({ project: `gh/${owner}/${repo}`, number })
  return parsed.success ? parsed.data : null
}

/**
 * Reads a build's records if the visitor may see them: builds of a public repository are open to everyone, those of a
 * private one need the key of their path. Null for a missing build and for a wrong key, so that they look the same.
 */
export async function openBuild(
  store: Store,
  ref: BuildRef | null,
  key: string | undefined,
  linkKey: () => Promise<string>,
): Promise<Records | null> {
  const records = ref && (await readRenamed(store, ref))
  if (!records) return null
  if (!records.build.isPrivate) return records
  return opensPath(buildPath(records.build), key, await linkKey()) ? records : null
}

/** The project of a later name of a repository; null if the path has no other meaning than its own project. */
async function otherProject(store: Store, project: string): Promise<string | null> {
  const named = repositorySchema.safeParse(repositoryOf(project)).success
    ? await readNamed(store, repositoryOf(project))
    : null
  return named && named.project !== project ? named.project : null
}

/** Links name the project, so that they stay what they were. A later name is looked up only if there is no such project. */
async function readRenamed(store: Store, ref: BuildRef): Promise<Records | null> {
  const records = await readRecords(store, ref)
  if (records) return records
  const project = await otherProject(store, ref.project)
  return project === null ? null : readRecords(store, { ...ref, project })
}

/** A repository that the visitor may see. It is private if its newest build is private. */
export type OpenedRepository = {
  project: string
  newest: View
  builds: AsyncIterable<View>
  /** Older builds may differ: without the key, only those of the repository's public time are shown. */
  mayShow: (build: { isPrivate: boolean }) => boolean
}

/**
 * Opens a repository by one of its paths, each of which has its own key. Null for an unknown repository, for one
 * without builds, and for a wrong key, so that they look the same.
 */
export async function openRepository(
  store: Store,
  { project, pathOf }: { project: string; pathOf: (project: string) => string },
  key: string | undefined,
  linkKey: () => Promise<string>,
): Promise<OpenedRepository | null> {
  const { data: named } = projectSchema.safeParse(project)
  if (named === undefined) return null
  const found = (await newestOf(store, named)) ?? (await newestOf(store, await otherProject(store, named)))
  if (!found) return null
  const { newest, last } = found
  const hasKey = newest.isPrivate && opensPath(pathOf(newest.project), key, await linkKey())
  if (newest.isPrivate && !hasKey) return null
  return {
    newest,
    project: newest.project,
    builds: buildsOf(store, newest.project, last),
    mayShow: view => hasKey || !view.isPrivate,
  }
}

async function newestOf(
  store: Store,
  project: string | null,
): Promise<{ newest: View; last: number } | null> {
  if (project === null) return null
  const last = await lastNumber(store, project)
  const [newest] = await takeBuilds(buildsOf(store, project, last), () => true, { limit: 1, most: 1 })
  return newest ? { newest, last } : null
}
