import { checkVariableName, listSecrets, removeSecret, setSecret } from '../../account/change-secrets.ts'
import { UserError } from '../../model/user-error.ts'
import { type Io, printLine } from '../io.ts'
import { type FoundStack, findStack, type StackOptions } from './find-stack.ts'
import { noteUnread } from './note-unread.ts'
import { isInteractive, promptSecret, readSecretFile, readStandardInput } from './prompts.ts'
import { parseRepository, projectToChange } from './targets.ts'

export type SecretOptions = StackOptions & { file?: string; json?: boolean }

const MIN_MASKED_LENGTH = 6

const where = (repository: string | null) => repository ?? 'all repositories'
const parse = (target: string | undefined) => (target === undefined ? null : parseRepository(target))

/** Where the secrets of a repository, or of all, are kept; and what could not be made sure of. */
const find = async (stack: FoundStack, repository: string | null) =>
  repository === null ? { project: null, note: null } : projectToChange(stack, repository)

/** `lambci secret set NAME [OWNER/REPO]`: reads the value from a prompt, a file or standard input. */
export async function storeSecret(
  name: string,
  target: string | undefined,
  options: SecretOptions,
  io: Io,
): Promise<number> {
  checkVariableName(name)
  const repository = parse(target)
  using stack = await findStack(options, io.env)
  const { project, note } = await find(stack, repository)
  const value = await readValue(name, options, io)
  if (value === '') throw new UserError(`The value of ${name} is empty, so it was not set.`)
  await setSecret(stack.store, project, { name, value })
  printLine(io, `${name} is set for ${where(repository)}.`)
  if (note) printLine(io, `Note: ${note}`)
  if (value.length < MIN_MASKED_LENGTH)
    printLine(io, `Note: it is shorter than ${MIN_MASKED_LENGTH} characters, so logs do not mask it.`)
  await noteUnread(stack.store, { repository, project }, io)
  return 0
}

function readValue(name: string, { file }: SecretOptions, io: Io): Promise<string> {
  if (file !== undefined) return readSecretFile(file)
  return isInteractive(io) ? promptSecret(io, `Value of ${name}`) : readStandardInput(io)
}

/** `lambci secret list [OWNER/REPO]`: prints names only. */
export async function printSecrets(
  target: string | undefined,
  options: SecretOptions,
  io: Io,
): Promise<number> {
  const repository = parse(target)
  using stack = await findStack(options, io.env)
  const { project } = await find(stack, repository)
  const names = await listSecrets(stack.store, project)
  await noteUnread(stack.store, { repository, project }, io)
  if (options.json) printLine(io, JSON.stringify(names))
  else printLine(io, names.length > 0 ? names.join('\n') : `There are no secrets for ${where(repository)}.`)
  return 0
}

/** `lambci secret remove NAME [OWNER/REPO]`: removes a secret. */
export async function deleteSecret(
  name: string,
  target: string | undefined,
  options: SecretOptions,
  io: Io,
): Promise<number> {
  const repository = parse(target)
  using stack = await findStack(options, io.env)
  const { project } = await find(stack, repository)
  const isRemoved = await removeSecret(stack.store, project, name)
  await noteUnread(stack.store, { repository, project }, io)
  if (!isRemoved) throw new UserError(`There is no secret ${name} for ${where(repository)}.`)
  printLine(io, `${name} was removed for ${where(repository)}.`)
  return 0
}
