import { projectSchema } from '../model/names.ts'
import { z } from '../model/zod.ts'
import { buildsOf, takeBuilds } from '../records/builds.ts'
import { lastNumber } from '../records/counter.ts'
import type { BuildRef } from '../records/keys.ts'
import { buildPath, opensPath } from '../records/links.ts'
import { readRecords } from '../records/read-records.ts'
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
  const records = ref && (await readRecords(store, ref))
  if (!ref || !records) return null
  if (!records.build.isPrivate) return records
  return opensPath(buildPath(ref), key, await linkKey()) ? records : null
}

/** A repository that the visitor may see. It is private if its newest build is private. */
export type OpenedRepository = {
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
  { project, path }: { project: string; path: string },
  key: string | undefined,
  linkKey: () => Promise<string>,
): Promise<OpenedRepository | null> {
  if (!projectSchema.safeParse(project).success) return null
  const last = await lastNumber(store, project)
  const [newest] = await takeBuilds(buildsOf(store, project, last), () => true, { limit: 1, most: 1 })
  if (!newest) return null
  const hasKey = newest.isPrivate && opensPath(path, key, await linkKey())
  if (newest.isPrivate && !hasKey) return null
  return { newest, builds: buildsOf(store, project, last), mayShow: view => hasKey || !view.isPrivate }
}
