import { type FoundProject, findProject, projectOnRecord } from '../../account/find-project.ts'
import { readRunnerSecrets } from '../../account/secrets.ts'
import { openRepositoryLookup, type RepositoryLookup } from '../../github/repository-lookup.ts'
import { openTokens } from '../../github/tokens.ts'
import { repositorySchema } from '../../model/names.ts'
import { UserError } from '../../model/user-error.ts'
import { lastNumber } from '../../records/counter.ts'
import type { BuildRef } from '../../records/keys.ts'
import { readBuild } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import type { FoundStack } from './find-stack.ts'

/** What people paste before the name: the address of a clone or of a page. */
const PREFIX =
  /^(?:(?:https?|ssh|git):\/\/[^/]+\/|[\w.-]+@[\w.-]+:)(?:gh\/(?=[^/]+\/[^/]))?|^gh\/(?=[^/]+\/[^/])/i

/**
 * `owner/repo`, also out of an address (`https://github.com/owner/repo.git`, `git@github.com:owner/repo`).
 * @throws UserError for anything else
 */
export function parseRepository(text: string): string {
  const { data } = repositorySchema.safeParse(nameIn(text))
  if (data) return data
  throw new UserError(`"${text}" is not a repository. Write it as owner/repo.`)
}

const nameIn = (text: string) =>
  text
    .trim()
    .replace(PREFIX, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/i, '')

/** Asks GitHub with the stack's own tokens. Null if only a bucket is known, or if the stack has not been set up. */
export async function lookupOf({ store, url, githubApiUrl }: FoundStack): Promise<RepositoryLookup | null> {
  if (url === null) return null
  const secrets = await readRunnerSecrets(store).catch(() => null)
  return (
    secrets &&
    openRepositoryLookup(
      githubApiUrl,
      openTokens(githubApiUrl, async () => secrets),
    )
  )
}

/** Where settings and secrets of a repository are read from, by what GitHub says now. */
export const projectToChange = async (stack: FoundStack, repository: string): Promise<FoundProject> =>
  findProject(stack.store, repository, (await lookupOf(stack))?.byName ?? null)

/** The address of a build's page, or of one of its jobs'. */
const BUILD_URL = /^https?:\/\/[^/]+\/gh\/([^/]+\/[^/]+)\/builds\/([1-9]\d{0,9})(?:[/?#]|$)/

/** Whether an address names one build, by its number. */
export const namesBuild = (address: string): boolean =>
  BUILD_URL.test(address.trim()) || /#[1-9]\d{0,9}$/.test(address)

/** Finds the build `owner/repo#12`, also by the address of its page; without a number, the newest one. @throws UserError if there is none */
export async function findBuild(store: Store, address: string): Promise<BuildRef> {
  const [, ofPage, numberOfPage] = BUILD_URL.exec(address.trim()) ?? []
  const target = ofPage ? `${ofPage}#${numberOfPage}` : address
  const [, text = '', digits] = /^([^#]+?)(?:#([1-9]\d{0,9}))?$/.exec(target) ?? []
  const { data: repository } = repositorySchema.safeParse(nameIn(text))
  if (!repository) {
    throw new UserError(
      `"${target}" is not a build. Write owner/repo#12, or owner/repo for the newest build.`,
    )
  }
  const project = await projectOnRecord(store, repository)
  const build = { project, number: digits ? Number(digits) : await lastNumber(store, project) }
  if (build.number > 0 && (await readBuild(store, build))) return build
  throw new UserError(
    digits ? `There is no build #${digits} of ${repository}.` : `There is no build of ${repository} yet.`,
  )
}
