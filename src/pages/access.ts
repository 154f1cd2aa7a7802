import * as z from 'zod'
import { projectSchema } from '../model/names.ts'
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

/** The build that a path names, or null for what can be no build's. */
export function refOfPath(owner: string, repo: string, number: string): BuildRef | null {
  const parsed = refSchema.safeParse({ project: `gh/${owner}/${repo}`, number })
  return parsed.success ? parsed.data : null
}

/**
 * The records of a build for who may see them: everyone for a public repository, and who holds the key of its path for
 * a private one. A build that does not exist and a wrong key look the same.
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

/** A repository for who may see it. Its newest build says whether it is private; what it was before does not count. */
export type OpenedRepository = {
  newest: View
  builds: AsyncIterable<View>
  mayShow: (build: { isPrivate: boolean }) => boolean
}

/**
 * Opens a repository by one of its paths, which has a key of its own. None, none that is built, and a wrong key look the
 * same.
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
