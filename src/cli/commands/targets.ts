import { type FoundProject, findProject, projectOnRecord } from '../../account/find-project.ts'
import { readRunnerSecrets } from '../../account/secrets.ts'
import { openRepositoryLookup, type RepositoryLookup } from '../../github/repository-lookup.ts'
import { openTokens } from '../../github/tokens.ts'
import { repositorySchema } from '../../model/names.ts'
import { UserError } from '../../model/user-error.ts'
import { lastNumber } from '../../records/counter.ts'
import type { BuildRef } from '../../records/keys.ts'
import { readBuild } from '../../records/read-records.ts'
import type { Io } from '../io.ts'
import type { FoundStack } from './find-stack.ts'
import { repositoryHere } from './repository-here.ts'

/** The part of a pasted address before the name, of a clone or of a page. */
const PREFIX =
  /^(?:(?:https?|ssh|git):\/\/[^/]+\/|[\w.-]+@[\w.-]+:)(?:gh\/(?=[^/]+\/[^/]))?|^gh\/(?=[^/]+\/[^/])/i

/**
 * `owner/repo`, also from an address (`https://github.com/owner/repo.git`, `git@github.com:owner/repo`).
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

/** The project from which a repository's settings and secrets are read, by what GitHub says now. */
export const projectToChange = async (stack: FoundStack, repository: string): Promise<FoundProject> =>
  findProject(stack.store, repository, (await lookupOf(stack))?.byName ?? null)

/** The address of the page of a build or of one of its jobs. */
const BUILD_URL = /^https?:\/\/([^/]+)\/gh\/([^/]+\/[^/]+)\/builds\/([1-9]\d{0,9})(?:[/?#]|$)/
/** `12` or `#12` for the working copy's repository, or `owner/repo#12`; without a number, the newest build. */
const BUILD = /^(?:([^#]+?)(?=#|$))??(?:#?([1-9]\d{0,9}))?$/

/** A build as typed. `repository` is null for that of the working copy, and `number` for the newest build. */
type BuildTarget = { repository: string | null; number: number | null; host: string | null }

/** The build that a word names; null if it names none. */
export function parseBuild(word: string): BuildTarget | null {
  const text = word.trim()
  const [, host, ofPage, numberOfPage] = BUILD_URL.exec(text) ?? []
  if (host && ofPage && repositorySchema.safeParse(ofPage).success)
    return { repository: ofPage, number: Number(numberOfPage), host }
  if (text === '.') return { repository: null, number: null, host: null }
  const [, name, digits] = BUILD.exec(text) ?? []
  const number = digits ? Number(digits) : null
  if (name === undefined) return number === null ? null : { repository: null, number, host: null }
  const { data: repository } = repositorySchema.safeParse(nameIn(name))
  return repository ? { repository, number, host: null } : null
}

/** Whether a word names one build, by its number. */
export const namesBuild = (word: string): boolean => typeof parseBuild(word)?.number === 'number'

/**
 * Finds a build: `owner/repo#12`, the address of its page, or `12` or `#12` of the working copy's repository. Without a number, finds the
 * newest build; without a word, the newest one of the working copy.
 * @throws UserError if there is none
 */
export async function findBuild(stack: FoundStack, word: string | undefined, io: Io): Promise<BuildRef> {
  const { store } = stack
  const target = parseBuild(word ?? '.')
  if (!target)
    throw new UserError(
      `"${word}" is not a build. Write owner/repo#12, 12 for one of this repository, or owner/repo for the newest build.`,
    )
  requireOwnPage(target, stack)
  const repository = target.repository ?? (await repositoryHere(stack, io))
  const project = await projectOnRecord(store, repository)
  const build = { project, number: target.number ?? (await lastNumber(store, project)) }
  if (build.number > 0 && (await readBuild(store, build))) return build
  throw new UserError(
    target.number === null
      ? `There is no build of ${repository} yet.`
      : `There is no build #${target.number} of ${repository}.`,
  )
}

/** A stack's own host. Pages may have other hosts through proxies. */
const LAMBDA_HOST = /\.lambda-url\.[a-z0-9-]+\.on\.aws$/

/** @throws UserError if the page belongs to another stack, which may have a build of the same name */
function requireOwnPage({ host }: BuildTarget, { name, url }: FoundStack): void {
  if (host === null || url === null || !LAMBDA_HOST.test(host) || new URL(url).host === host) return
  throw new UserError(`The page on ${host} is of another system than ${name}. Name its stack with --stack.`)
}
