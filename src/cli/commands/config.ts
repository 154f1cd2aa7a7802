import { getSetting, parseKeyPath, setSetting } from '../../account/change-settings.ts'
import { UserError } from '../../model/user-error.ts'
import { type Io, jsonText, printLine } from '../io.ts'
import { type FoundStack, findStack, type StackOptions } from './find-stack.ts'
import { noteUnread } from './note-unread.ts'
import { nameRepository, parseNamed } from './open-target.ts'
import { projectToChange } from './targets.ts'

type Target = { repository: string | null; rest: readonly string[] }

/** Splits `[OWNER/REPO] KEY …`, where `KEY …` are `count` words. */
function readTarget(words: readonly string[], count: number): Target {
  if (words.length === count + 1) return { repository: parseNamed(words[0] ?? ''), rest: words.slice(1) }
  return { repository: null, rest: words }
}

const where = (repository: string | null) => repository ?? 'all repositories'

/** The project of a repository (null for all), and a note if it could not be confirmed. */
const findTarget = async (stack: FoundStack, repository: string | null) =>
  repository === null ? { project: null, note: null } : projectToChange(stack, repository)

/** A key contains a slash only in brackets. */
const isRepository = (word: string | undefined) =>
  word === '.' || (word?.includes('/') && !word.includes('['))

/** `lambci config get [OWNER/REPO] [KEY]`: prints settings as JSON. */
export async function printSetting(words: readonly string[], options: StackOptions, io: Io): Promise<number> {
  if (words.length > 2) throw new UserError('Too many arguments. Usage: config get [OWNER/REPO] [KEY].')
  const named = isRepository(words[0]) ? parseNamed(words[0] ?? '') : null
  const [key, ...more] = named === null ? words : words.slice(1)
  if (more.length > 0) throw new UserError(`"${words[0]}" is not a repository. Write it as owner/repo.`)
  using stack = await findStack(options, io)
  const repository = await nameRepository(named, stack, io)
  const { project } = await findTarget(stack, repository)
  const value = await getSetting(stack.store, project, key === undefined ? [] : parseKeyPath(key))
  await noteUnread(stack.store, { repository, project }, io)
  if (value === undefined) throw new UserError(`${key} is not set for ${where(repository)}.`)
  printLine(io, jsonText(value, 2))
  return 0
}

/** `lambci config set [OWNER/REPO] KEY VALUE`: changes a setting. */
export async function changeSetting(
  words: readonly string[],
  options: StackOptions,
  io: Io,
): Promise<number> {
  if (words.length < 2 || words.length > 3) throw new UserError('Usage: config set [OWNER/REPO] KEY VALUE.')
  const { repository: named, rest } = readTarget(words, 2)
  const [key = '', value = ''] = rest
  const keys = parseKeyPath(key)
  using stack = await findStack(options, io)
  const repository = await nameRepository(named, stack, io)
  const { store } = stack
  const { project, note } = await findTarget(stack, repository)
  await setSetting(store, project, keys, value)
  const stored = await getSetting(store, project, keys)
  printLine(io, `${key} is now ${jsonText(stored)} for ${where(repository)}.`)
  if (note) printLine(io, `Note: ${note}`)
  await noteUnread(stack.store, { repository, project }, io)
  return 0
}

/** `lambci config unset [OWNER/REPO] KEY`: removes a setting. */
export async function removeSetting(
  words: readonly string[],
  options: StackOptions,
  io: Io,
): Promise<number> {
  if (words.length < 1 || words.length > 2) throw new UserError('Usage: config unset [OWNER/REPO] KEY.')
  const { repository: named, rest } = readTarget(words, 1)
  const [key = ''] = rest
  using stack = await findStack(options, io)
  const repository = await nameRepository(named, stack, io)
  const { project, note } = await findTarget(stack, repository)
  await setSetting(stack.store, project, parseKeyPath(key), null)
  printLine(io, `${key} is no longer set for ${where(repository)}.`)
  if (note) printLine(io, `Note: ${note}`)
  await noteUnread(stack.store, { repository, project }, io)
  return 0
}
