import { z } from '../model/zod.ts'
import { type BuildRef, buildKeys } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { updateRecord } from './update-record.ts'

/** `cancel.json`: who wants a build to end, and why, in words that can follow "Cancelled: ". */
export const cancelRequestSchema = z.object({
  by: z.string().min(1).max(200),
  why: z.string().min(1).max(300),
  /** The newer build of the same branch or pull request, if that is the only reason: the build may then continue. */
  supersededBy: z.int().positive().nullable().default(null),
  at: z.iso.datetime(),
})
export type CancelRequest = z.infer<typeof cancelRequestSchema>

/** Requests the end of a build. Returns the one that counts: the first one, but a person's replaces that of a newer commit. */
export async function requestCancel(
  store: Store,
  build: BuildRef,
  request: CancelRequest,
): Promise<CancelRequest> {
  const updated = await updateRecord(
    store,
    buildKeys(build).cancel,
    cancelRequestSchema,
    standing => {
      const isWeaker = standing !== null && standing.supersededBy !== null && request.supersededBy === null
      return standing === null || isWeaker ? request : standing
    },
    null,
  )
  return updated.value
}

export const readCancelRequest = (store: Store, build: BuildRef): Promise<CancelRequest | null> =>
  readRecord(store, buildKeys(build).cancel, cancelRequestSchema)
