import { commitSchema } from '../model/build.ts'
import { z } from '../model/zod.ts'
import { keptPrefix, type StageRef, stageKeys } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'

/** An attempt of a job whose artifacts a deploy got. */
const keptJobSchema = z.object({
  build: z.int().positive(),
  key: z.int().nonnegative(),
  attempt: z.int().positive(),
  title: z.string().max(500),
})
export type KeptJob = z.infer<typeof keptJobSchema>

const keptDeploySchema = z.object({
  /** The build that deployed. */
  build: z.int().positive(),
  commit: commitSchema,
  jobs: z.array(keptJobSchema),
  /** Why some of their artifacts are not kept, in a sentence; null if all are. */
  notKept: z.string().max(500).nullable(),
})
export type KeptDeploy = z.infer<typeof keptDeploySchema>

/** `artifacts.json`: the last successful deploys of a stage, newest first, and the artifacts that they got. */
const keptSchema = z.object({ deploys: z.array(keptDeploySchema) })

/** The artifacts of this many successful deploys are kept. */
export const MOST_KEPT_DEPLOYS = 10

export const readKeptDeploys = async (store: Store, stage: StageRef): Promise<readonly KeptDeploy[]> =>
  (await readRecord(store, stageKeys(stage).kept, keptSchema))?.deploys ?? []

/** Enters a successful deploy. The record begins with the first one that had artifacts. Returns the deploys that count. */
export async function enterDeploy(
  store: Store,
  stage: StageRef,
  deploy: KeptDeploy,
): Promise<readonly KeptDeploy[]> {
  const { value } = await updateRecord(store, stageKeys(stage).kept, keptSchema, standing => {
    if (!standing && deploy.jobs.length === 0) return null
    const others = (standing?.deploys ?? []).filter(({ build }) => build !== deploy.build)
    return { deploys: [deploy, ...others].slice(0, MOST_KEPT_DEPLOYS) }
  })
  return value?.deploys ?? []
}

/** Removes the artifacts that none of these deploys got. Only the build that holds the stage may: no other deploy reads there. */
export async function removeOthers(
  store: Store,
  stage: StageRef,
  deploys: readonly KeptDeploy[],
  signal: AbortSignal,
): Promise<void> {
  const kept = new Set(deploys.flatMap(({ jobs }) => jobs.map(job => keptPrefix(stage, job))))
  for (const { key } of await store.list(stageKeys(stage).artifacts)) {
    if (signal.aborted) return
    const [prefix] = /^.*?\/artifacts\/\d+\/\d+\/\d+\//.exec(key) ?? []
    if (prefix !== undefined && !kept.has(prefix)) await store.remove(key)
  }
}
