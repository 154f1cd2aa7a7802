import { projectSchema } from '../../model/names.ts'
import { UserError } from '../../model/user-error.ts'
import { lastNumber } from '../../records/counter.ts'
import type { BuildRef } from '../../records/keys.ts'
import { readBuild } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'

/** The project of `owner/repo`. @throws UserError for anything else */
export function projectOf(repository: string): string {
  const { data } = projectSchema.safeParse(`gh/${repository}`)
  if (data) return data
  throw new UserError(`"${repository}" is not a repository. Write it as owner/repo.`)
}

/** Finds the build `owner/repo#12`; without a number, the newest one. @throws UserError if there is none */
export async function findBuild(store: Store, target: string): Promise<BuildRef> {
  const [, repository, digits] = /^([^#]+?)(?:#([1-9]\d{0,9}))?$/.exec(target) ?? []
  const project = `gh/${repository}`
  if (!projectSchema.safeParse(project).success) {
    throw new UserError(
      `"${target}" is not a build. Write owner/repo#12, or owner/repo for the newest build.`,
    )
  }
  const build = { project, number: digits ? Number(digits) : await lastNumber(store, project) }
  if (build.number > 0 && (await readBuild(store, build))) return build
  throw new UserError(
    digits ? `There is no build #${digits} of ${repository}.` : `There is no build of ${repository} yet.`,
  )
}
