import { branchSchema } from '../model/build.ts'
import { stageNameSchema } from '../model/names.ts'
import { z } from '../model/zod.ts'
import { requestKey } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { createRecord } from './update-record.ts'

/** `requests/<id>.json`: who has requested what about a stage, and when. Written once; nothing is decided by it. */
const stageRequestSchema = z.object({
  kind: z.enum(['deploy', 'rollback', 'hold', 'release', 'adopt']),
  stage: stageNameSchema,
  /** The name of the user who ran the command; null if it did not say. */
  by: z.string().min(1).max(200).nullable(),
  at: z.iso.datetime(),
  /** Of `deploy` and `rollback`: the build whose commit is to be deployed. */
  build: z.int().positive().nullable(),
  /** Of `adopt`: the branches that the stage is to belong to. */
  branches: z.array(branchSchema).max(100).nullable(),
})
export type StageRequest = z.infer<typeof stageRequestSchema>

/** Records a request once: the same one, sent again, leaves the first. */
export async function recordStageRequest(
  store: Store,
  { project, id }: { project: string; id: string },
  {
    build = null,
    branches = null,
    ...request
  }: Pick<StageRequest, 'kind' | 'stage' | 'by' | 'at'> & Partial<StageRequest>,
): Promise<void> {
  const key = requestKey(project, id)
  await createRecord(store, key, stageRequestSchema.parse({ ...request, build, branches }), {
    read: () => readRecord(store, key, stageRequestSchema),
    isOwn: () => true,
  })
}
