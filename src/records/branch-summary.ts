import { branchSchema } from '../model/build.ts'
import { hasEnded } from '../model/conclusion.ts'
import { z } from '../model/zod.ts'
import { branchKey, branchKeys } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { updateRecord } from './update-record.ts'
import type { View } from './view.ts'
import { isSuperseded } from './wording.ts'

const summarySchema = z.object({
  number: z.int().positive(),
  commit: z.string(),
  status: z.string(),
  /** The status of its deploy, if there was one. */
  deploy: z.string().nullable(),
  endedAt: z.string(),
  /** The end of the build before it, for notifications about changes. */
  previous: z.string().nullable(),
  isPrivate: z.boolean().default(false),
})
export type Summary = z.infer<typeof summarySchema>

/** The newest ended build of a branch, null if there is none yet. */
export const readSummary = async (store: Store, project: string, branch: string): Promise<Summary | null> =>
  branchSchema.safeParse(branch).success ? readRecord(store, branchKey(project, branch), summarySchema) : null

/** The newest ended builds of a repository's branches, latest first; at most `most` branches. */
export async function listSummaries(
  store: Store,
  project: string,
  most: number,
): Promise<(Summary & { branch: string })[]> {
  const entries = await store.list(branchKeys.prefix(project), { limit: most })
  const branches = entries.map(({ key }) => branchKeys.branchOf(key))
  const summaries = await Promise.all(
    branches.map(async branch => {
      const summary = await readSummary(store, project, branch)
      return summary ? [{ ...summary, branch }] : []
    }),
  )
  return summaries.flat().toSorted((one, other) => other.endedAt.localeCompare(one.endedAt))
}

/**
 * Whether a build counts for its branch and its badge. Builds of pull requests do not count for the base branch, and builds that only
 * repeat a job never count.
 */
export const hasSummary = (view: View) =>
  view.repeats === null &&
  view.trigger === `push/${view.branch}` &&
  view.status !== 'skipped' &&
  !isSuperseded(view)

/** Makes an ended build its branch's summary if it `isNewer` than the current one; returns the current one then. */
export async function updateSummary(
  store: Store,
  view: View,
  isNewer: (standing: Summary) => Promise<boolean>,
): Promise<Summary | null> {
  if (!hasSummary(view) || !hasEnded(view.status)) return null
  const { value } = await updateRecord(
    store,
    branchKey(view.project, view.branch),
    summarySchema,
    async (standing): Promise<Summary> =>
      standing && (standing.number === view.number || !(await isNewer(standing)))
        ? standing
        : {
            number: view.number,
            commit: view.commit,
            status: view.status,
            deploy: view.deploy?.status ?? null,
            endedAt: view.endedAt ?? '',
            isPrivate: view.isPrivate,
            previous: standing?.status ?? null,
          },
  )
  return value
}
