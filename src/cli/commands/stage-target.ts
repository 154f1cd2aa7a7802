import { projectOnRecord } from '../../account/find-project.ts'
import { stageNameSchema } from '../../model/names.ts'
import { UserError } from '../../model/user-error.ts'
import type { StageRef } from '../../records/keys.ts'
import type { Store } from '../../records/store.ts'
import { parseRepository } from './targets.ts'

/** A stage as it was typed. */
export type StageTarget = { repository: string; stage: string }

/** @throws UserError if it is no stage of a repository */
export function parseStage(repository: string, name: string): StageTarget {
  const { data: stage } = stageNameSchema.safeParse(name)
  if (stage) return { repository: parseRepository(repository), stage }
  throw new UserError(
    `"${name}" is not the name of a stage. Use lower-case letters, digits and dashes, for example "qa".`,
  )
}

/** Where the records of a stage are. */
export const findStage = async (store: Store, { repository, stage }: StageTarget): Promise<StageRef> => ({
  project: await projectOnRecord(store, repository),
  stage,
})
