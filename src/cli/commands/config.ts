import { getSetting, parseKeyPath, setSetting } from '../../account/change-settings.ts'
import { UserError } from '../../model/user-error.ts'
import { type Io, printLine } from '../io.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { projectOf } from './targets.ts'

/** Splits `[OWNER/REPO] KEY …`, where `KEY …` are `count` words. */
function readTarget(
  words: readonly string[],
  count: number,
): { project: string | null; rest: readonly string[] } {
  if (words.length === count + 1) return { project: projectOf(words[0] ?? ''), rest: words.slice(1) }
  return { project: null, rest: words }
}

const where = (project: string | null) => (project ? project.slice('gh/'.length) : 'all repositories')

/** `lambci config get [OWNER/REPO] [KEY]`: prints settings as JSON. */
export async function printSetting(words: readonly string[], options: StackOptions, io: Io): Promise<number> {
  if (words.length > 2) throw new UserError('Too many arguments. Usage: config get [OWNER/REPO] [KEY].')
  const isRepository = words.length > 0 && /^[\w.-]+\/[\w.-]+$/.test(words[0] ?? '')
  const project = isRepository ? projectOf(words[0] ?? '') : null
  const [key, ...more] = isRepository ? words.slice(1) : words
  if (more.length > 0) throw new UserError(`"${words[0]}" is not a repository. Write it as owner/repo.`)
  using stack = await findStack(options, io.env)
  const { store } = stack
  const value = await getSetting(store, project, key === undefined ? [] : parseKeyPath(key))
  if (value === undefined) throw new UserError(`${key} is not set for ${where(project)}.`)
  printLine(io, JSON.stringify(value, null, 2))
  return 0
}

/** `lambci config set [OWNER/REPO] KEY VALUE`: changes a setting. */
export async function changeSetting(
  words: readonly string[],
  options: StackOptions,
  io: Io,
): Promise<number> {
  if (words.length < 2 || words.length > 3) throw new UserError('Usage: config set [OWNER/REPO] KEY VALUE.')
  const { project, rest } = readTarget(words, 2)
  const [key = '', value = ''] = rest
  const keys = parseKeyPath(key)
  using stack = await findStack(options, io.env)
  const { store } = stack
  await setSetting(store, project, keys, value)
  const stored = await getSetting(store, project, keys)
  printLine(io, `${key} is now ${JSON.stringify(stored)} for ${where(project)}.`)
  return 0
}

/** `lambci config unset [OWNER/REPO] KEY`: removes a setting. */
export async function removeSetting(
  words: readonly string[],
  options: StackOptions,
  io: Io,
): Promise<number> {
  if (words.length < 1 || words.length > 2) throw new UserError('Usage: config unset [OWNER/REPO] KEY.')
  const { project, rest } = readTarget(words, 1)
  const [key = ''] = rest
  using stack = await findStack(options, io.env)
  const { store } = stack
  await setSetting(store, project, parseKeyPath(key), null)
  printLine(io, `${key} is no longer set for ${where(project)}.`)
  return 0
}
