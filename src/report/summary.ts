import * as z from 'zod'
import { branchKey, branchKeys } from '../build/layout.ts'
import { readRecord, type Versioned } from '../build/records.ts'
import { hasEnded } from '../build/result.ts'
import type { Store } from '../build/store.ts'
import type { View } from '../build/view.ts'
import { branchSchema } from '../job/job.ts'

const summarySchema = z.object({
  number: z.int().positive(),
  commit: z.string(),
  status: z.string(),
  /** The deploy's own status, where there was one. */
  deploy: z.string().nullable(),
  endedAt: z.string(),
  /** How the build before it had ended, for those who want to hear of changes only. */
  previous: z.string().nullable(),
  isPrivate: z.boolean().default(false),
})
export type Summary = z.infer<typeof summarySchema>

/** The newest ended build of a branch, null where there is none yet. */
export const readSummary = async (store: Store, project: string, branch: string): Promise<Summary | null> =>
  branchSchema.safeParse(branch).success
    ? ((await readRecord(store, branchKey(project, branch), summarySchema))?.value ?? null)
    : null

/** The newest ended builds of a repository's branches, latest first; of so many branches at most. */
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

const ATTEMPTS = 20

/** A branch's newest ended build: what a badge shows. Pull requests do not speak for their base branch. */
export const hasSummary = (view: View) => view.trigger === `push/${view.branch}` && view.status !== 'skipped'

/** Puts a build at the head of its branch, unless a newer one stands there; answers what stands there then. */
export async function updateSummary(store: Store, view: View): Promise<Summary | null> {
  if (!hasSummary(view) || !hasEnded(view.status)) return null
  const key = branchKey(view.project, view.branch)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const standing: Versioned<Summary> | null = await readRecord(store, key, summarySchema)
    if (standing && standing.value.number >= view.number) return standing.value
    const summary: Summary = {
      number: view.number,
      commit: view.commit,
      status: view.status,
      deploy: view.deploy?.status ?? null,
      endedAt: view.endedAt ?? '',
      isPrivate: view.isPrivate,
      previous: standing ? (standing.value.deploy === 'failed' ? 'failed' : standing.value.status) : null,
    }
    const condition = standing ? { ifMatch: standing.etag } : ({ ifNoneMatch: '*' } as const)
    if ((await store.putIf(key, JSON.stringify(summary), condition)) !== 'lost') return summary
  }
  throw new Error(`${key} was changed by others ${ATTEMPTS} times in a row`)
}
