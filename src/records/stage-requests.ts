import { branchSchema } from '../model/build.ts'
import { stageNameSchema } from '../model/names.ts'
import { z } from '../model/zod.ts'
import { requestKey } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { createRecord } from './update-record.ts'

/** `requests/<id>.json`: a person's request about a stage, and its time. Written once; it decides nothing. */
const stageRequestSchema = z.object({
  kind: z.enum(['deploy', 'rollback', 'hold', 'release', 'adopt']),
  stage: stageNameSchema,
  /** The name of the user who ran the command; null if it is missing. */
  by: z.string().min(1).max(200).nullable(),
  at: z.iso.datetime(),
  /** For `deploy` and `rollback`: the build whose commit to deploy. */
  build: z.int().positive().nullable(),
  /** For `adopt`: the branches to which the stage will belong. */
  branches: z.array(branchSchema).max(100).nullable(),
})
export type StageRequest = z.infer<typeof stageRequestSchema>

/** Records a request once: the same one, sent again, changes nothing. */
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
