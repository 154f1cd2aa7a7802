import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { projectOnRecord } from '../../account/find-project.ts'
import { readRunnerSecrets } from '../../account/secrets.ts'
import type { Build } from '../../model/build.ts'
import { UserError } from '../../model/user-error.ts'
import { lastNumber } from '../../records/counter.ts'
import { buildUrl, buildUrlWithoutKey, homeUrl, keyOfPath, repositoryPath } from '../../records/links.ts'
import { readBuild } from '../../records/read-records.ts'
import { type Io, printLine, printNote } from '../io.ts'
import { type FoundStack, findStack, type StackOptions } from './find-stack.ts'
import { isHere } from './open-target.ts'
import { repositoryHere } from './repository-here.ts'
import { findBuild, namesBuild, parseRepository } from './targets.ts'

export type OpenOptions = StackOptions & { print?: boolean }

/** How long an opener is watched for an error. */
const OPEN_MS = 2000

/**
 * `lambci open`: opens the page of a build or of a repository, by default that of the working copy, in a browser, and prints its address,
 * which has the key of a private page.
 */
export async function openPage(word: string | undefined, options: OpenOptions, io: Io): Promise<number> {
  using stack = await findStack(options, io)
  const address = await addressOf(word, stack, io)
  if (!/^https?:\/\//.test(address))
    throw new UserError(`The address of ${stack.name} is no web page: ${address}`)
  printLine(io, address)
  const failure = options.print ? null : await openInBrowser(address, io)
  if (failure !== null) printNote(io, `No browser was opened (${failure}). Open the address in one.`)
  return 0
}

async function addressOf(word: string | undefined, stack: FoundStack, io: Io): Promise<string> {
  const linkKey = await linkKeyOf(stack)
  if (word !== undefined && namesBuild(word)) {
    const build = await readBuild(stack.store, await findBuild(stack, word, io))
    if (!build) throw new UserError(`The build ${word} cannot be read.`)
    return linkKey === null ? buildUrlWithoutKey(build) : buildUrl(build, linkKey)
  }
  const repository = isHere(word) ? await repositoryOf(stack, io) : parseRepository(word ?? '')
  if (repository === null) {
    const url = requireUrl(stack, null)
    return linkKey === null ? `${url}/` : homeUrl(url, linkKey)
  }
  const project = await projectOnRecord(stack.store, repository)
  const newest = await readBuild(stack.store, { project, number: await lastNumber(stack.store, project) })
  if (!newest) throw new UserError(`There is no build of ${repository} yet.`)
  const path = repositoryPath(project)
  const key = newest.isPrivate && linkKey !== null ? `?key=${keyOfPath(path, linkKey)}` : ''
  return `${requireUrl(stack, newest)}${path}${key}`
}

/** The repository of the working copy; null outside of one. */
async function repositoryOf(stack: FoundStack, io: Io): Promise<string | null> {
  return repositoryHere(stack, io).catch((error: Error) => {
    if (error instanceof UserError) return null
    throw error
  })
}

/** Null if the user may not read it, and sees only public pages. */
const linkKeyOf = ({ store }: FoundStack): Promise<string | null> =>
  readRunnerSecrets(store).then(
    ({ linkKey }) => linkKey,
    error => {
      if (error instanceof UserError || error.name === 'AccessDenied') return null
      throw error
    },
  )

function requireUrl({ name, url }: FoundStack, build: Build | null): string {
  const found = url ?? build?.baseUrl
  if (found) return found
  throw new UserError(`The address of ${name} is not known. Name its stack with --stack.`)
}

/** Returns why it failed; null if it did not. The browser outlives this command. */
async function openInBrowser(address: string, { env }: Io): Promise<string | null> {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const opened = execa(opener, [address], {
    env,
    extendEnv: false,
    stdio: 'ignore',
    cleanup: false,
    reject: false,
  })
  const result = await Promise.race([opened, sleep(OPEN_MS, null, { ref: false })])
  if (!result?.failed) return null
  return result.code === 'ENOENT' ? `${opener} is not installed` : `${opener} failed`
}
