import { type Build, commitSchema } from '../model/build.ts'
import { z } from '../model/zod.ts'
import { type BuildRef, buildKeys } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { updateRecord } from './update-record.ts'

/** `approve.json`: the person who approves the start of a build. Written once. */
const approvalSchema = z.object({
  number: z.int().positive(),
  commit: commitSchema,
  by: z.string().min(1).max(200),
  at: z.iso.datetime(),
})
export type Approval = z.infer<typeof approvalSchema>

/** Approves a build. Returns the approval that counts, the first one. */
export async function approve(store: Store, build: BuildRef, approval: Approval): Promise<Approval> {
  const key = buildKeys(build).approve
  const { value } = await updateRecord(store, key, approvalSchema, standing => standing ?? approval, null)
  return value
}

export const readApproval = (store: Store, build: BuildRef): Promise<Approval | null> =>
  readRecord(store, buildKeys(build).approve, approvalSchema)

/** Whether an approval is for this build and its commit. */
export const isApproved = (build: Pick<Build, 'number' | 'commit'>, approval: Approval | null): boolean =>
  approval !== null && approval.number === build.number && approval.commit === build.commit
