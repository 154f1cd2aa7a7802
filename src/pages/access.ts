import { type Build, repositoryOf } from '../model/build.ts'
import { projectSchema, repositorySchema } from '../model/names.ts'
import { z } from '../model/zod.ts'
import { lastNumber } from '../records/counter.ts'
import type { BuildRef } from '../records/keys.ts'
import { buildPath, opensPath } from '../records/links.ts'
import { readBuild, readRecords } from '../records/read-records.ts'
import { readKnown, readNamed } from '../records/repository-records.ts'
import type { Store } from '../records/store.ts'
import type { Records } from '../records/view.ts'
import { showsPrivate, type VisibleBuilds, visibleBuilds } from './visible-builds.ts'

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

/** A build that the visitor may see. `needsKey`: it is visible only with the key in the address. */
export type OpenedBuild = { records: Records; needsKey: boolean }

/**
 * Opens a build if the visitor may see it. Without the key of its path, both the build and its repository must be public. The record of
 * the repository decides: one that has become private is private from its first build on. Null for a missing build, a missing key, and a
 * wrong key: these look the same and take the same number of requests.
 */
export async function openBuild(
  store: Store,
  ref: BuildRef | null,
  key: string | undefined,
  linkKey: () => Promise<string>,
): Promise<OpenedBuild | null> {
  if (!ref) return null
  const [project, secret] = await Promise.all([projectOf(store, ref.project), linkKey()])
  const found = { ...ref, project: project.name }
  const [build, standing] = await Promise.all([readBuild(store, found), standingOf(store, project)])
  const isOpened = opensPath(buildPath(found), key, secret)
  if (!build) return null
  const needsKey =
    (standing?.isPrivate ?? false) ||
    (await showsPrivate(build, of => readBuild(store, { ...found, number: of })))
  if (needsKey && !isOpened) return null
  const records = await readRecords(store, found)
  return records && { records, needsKey }
}

/** A repository that the visitor may see. The visitor has its key if it is private now. */
export type OpenedRepository = Standing & {
  project: string
  /** Older builds may differ: without the key, only those of the repository's public time are shown. */
  visible: VisibleBuilds
}

/**
 * Opens a repository by one of its paths, each of which has its own key. Null for an unknown repository, one without builds, a missing
 * key, and a wrong key: these look the same and take the same number of requests.
 */
export async function openRepository(
  store: Store,
  { project: requested, pathOf }: { project: string; pathOf: (project: string) => string },
  key: string | undefined,
  linkKey: () => Promise<string>,
): Promise<OpenedRepository | null> {
  const { data: named } = projectSchema.safeParse(requested)
  if (named === undefined) return null
  const [project, secret] = await Promise.all([projectOf(store, named), linkKey()])
  const standing = await standingOf(store, project)
  const isOpened = opensPath(pathOf(project.name), key, secret)
  if (!standing || (standing.isPrivate && !isOpened)) return null
  const { isPrivate } = standing
  return { ...standing, project: project.name, visible: visibleBuilds(store, project.name, isPrivate) }
}

/** `last` is the counter's number, which may lag behind. */
type FoundProject = { name: string; last: number }

/** Finds the project that a link names, which keeps old links valid. A later name counts only if there is no such project. */
async function projectOf(store: Store, requested: string): Promise<FoundProject> {
  const repository = repositoryOf(requested)
  const [own, named] = await Promise.all([
    lastNumber(store, requested),
    repositorySchema.safeParse(repository).success ? readNamed(store, repository) : null,
  ])
  const name = own === 0 ? (named?.project ?? requested) : requested
  // Read even if it is known, so that a later name takes as many requests as an unknown name.
  return { name, last: await lastNumber(store, name) }
}

/** This many builds before and after the counter's are read at once, because it lags behind the newest builds. */
const READ_BACK = 3
const READ_AHEAD = 4

/** The newest build, and whether the repository is private now. */
type Standing = { newest: Build; isPrivate: boolean }

async function standingOf(store: Store, { name: project, last }: FoundProject): Promise<Standing | null> {
  const builds: Build[] = []
  for (let from = Math.max(1, last - READ_BACK); ; from += READ_BACK + 1 + READ_AHEAD) {
    const read = await Promise.all(
      Array.from({ length: READ_BACK + 1 + READ_AHEAD }, (_, index) =>
        readBuild(store, { project, number: from + index }),
      ),
    )
    builds.push(...read.filter(build => build !== null))
    if (read.at(-1) === null) break
  }
  const newest = builds.at(-1)
  // Read even if there is no build, so that the number of requests is the same.
  const known = await readKnown(store, newest?.repositoryId ?? 0)
  return newest ? { newest, isPrivate: known?.isPrivate ?? arePrivate(builds) } : null
}

/**
 * Whether a repository without a record is private. The newest build that repeats no other decides. A repetition has the privacy of the
 * build that it repeats, so it counts only if there is nothing else.
 */
function arePrivate(builds: readonly Build[]): boolean {
  const first = builds.findLast(
    ({ rebuildOf, retryOf, target }) => rebuildOf === null && retryOf === null && !target,
  )
  return first ? first.isPrivate : builds.some(({ isPrivate }) => isPrivate)
}
