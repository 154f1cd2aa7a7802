import { branchSchema } from '../model/build.ts'
import { z } from '../model/zod.ts'
import { type StageRef, stageKeys } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'

/** `branches.json`: the branches that a stage belongs to: the first one that deployed there, or those that a person has named. */
const bindingSchema = z.object({
  branches: z.array(branchSchema).min(1).max(100),
  /** The person who named them. Null: nobody did. */
  by: z.string().max(200).nullable(),
  at: z.iso.datetime(),
})
export type Binding = z.infer<typeof bindingSchema>

/** The binding of a stage that the account does not pin; null if nothing was deployed there yet. */
export const readBinding = (store: Store, stage: StageRef): Promise<Binding | null> =>
  readRecord(store, stageKeys(stage).branches, bindingSchema)

/**
 * Binds a stage to the first branch that deploys to it. Returns the binding that stands. With `known` null, it is not read first,
 * because there was none.
 */
export async function bindStage(
  store: Store,
  stage: StageRef,
  branch: string,
  at: string,
  known?: null,
): Promise<Binding> {
  const own = { branches: [branch], by: null, at }
  const { value } = await updateRecord(
    store,
    stageKeys(stage).branches,
    bindingSchema,
    standing => standing ?? own,
    known,
  )
  return value
}

/** Gives a stage to other branches. */
export async function adoptStage(store: Store, stage: StageRef, binding: Binding): Promise<void> {
  const given = bindingSchema.parse(binding)
  await updateRecord(store, stageKeys(stage).branches, bindingSchema, () => given)
}

/** Why a branch may not deploy to a stage that belongs to others; null if it may. */
export function explainBinding(
  binding: Binding | null,
  { stage, project }: StageRef,
  branch: string,
): string | null {
  if (!binding || binding.branches.includes(branch)) return null
  const names = `${project.slice('gh/'.length)} ${stage} ${branch}`
  return `The stage belongs to ${binding.branches.join(', ')}: lambci stages adopt ${names}`
}
