import { projectSchema } from '../../model/names.ts'
import { UserError } from '../../model/user-error.ts'
import { lastNumber } from '../../records/counter.ts'
import type { BuildRef } from '../../records/keys.ts'
import { readBuild } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'

/** The project of `owner/repo`. @throws Problem for anything else */
export function projectOf(repository: string): string {
  const { data } = projectSchema.safeParse(`gh/${repository}`)
  if (data) return data
  throw new UserError(`"${repository}" is no repository. Write it as owner/repo.`)
}

/** The build that `owner/repo#12` names; without a number, the newest. @throws Problem where there is none */
export async function findBuild(store: Store, target: string): Promise<BuildRef> {
  const [, repository, digits] = /^([^#]+?)(?:#([1-9]\d{0,9}))?$/.exec(target) ?? []
  const project = `gh/${repository}`
  if (!projectSchema.safeParse(project).success) {
    throw new UserError(`"${target}" names no build. Write owner/repo for the newest, or owner/repo#12.`)
  }
  const build = { project, number: digits ? Number(digits) : await lastNumber(store, project) }
  if (build.number > 0 && (await readBuild(store, build))) return build
  throw new UserError(
    digits ? `There is no build #${digits} of ${repository}.` : `There is no build of ${repository} yet.`,
  )
}
