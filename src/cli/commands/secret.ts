import { checkVariableName, listSecrets, removeSecret, setSecret } from '../../account/change-secrets.ts'
import { UserError } from '../../model/user-error.ts'
import { type Io, printLine } from '../io.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { isInteractive, promptSecret, readSecretFile, readStandardInput } from './prompts.ts'
import { projectOf } from './targets.ts'

export type SecretOptions = StackOptions & { file?: string; json?: boolean }

const MIN_MASKED_LENGTH = 6

const where = (repository: string | undefined) => repository ?? 'all repositories'
const projectFor = (repository: string | undefined) =>
  repository === undefined ? null : projectOf(repository)

/** `lambci secret set NAME [OWNER/REPO]`: reads the value from a prompt, a file or standard input. */
export async function storeSecret(
  name: string,
  repository: string | undefined,
  options: SecretOptions,
  io: Io,
): Promise<number> {
  checkVariableName(name)
  const project = projectFor(repository)
  using stack = await findStack(options, io.env)
  const { store } = stack
  const value = await readValue(name, options, io)
  if (value === '') throw new UserError(`The value of ${name} is empty, so it was not set.`)
  await setSecret(store, project, { name, value })
  printLine(io, `${name} is set for ${where(repository)}.`)
  if (value.length < MIN_MASKED_LENGTH)
    printLine(io, `Note: it is shorter than ${MIN_MASKED_LENGTH} characters, so logs do not mask it.`)
  return 0
}

function readValue(name: string, { file }: SecretOptions, io: Io): Promise<string> {
  if (file !== undefined) return readSecretFile(file)
  return isInteractive(io) ? promptSecret(io, `Value of ${name}`) : readStandardInput(io)
}

/** `lambci secret list [OWNER/REPO]`: prints names only. */
export async function printSecrets(
  repository: string | undefined,
  options: SecretOptions,
  io: Io,
): Promise<number> {
  using stack = await findStack(options, io.env)
  const { store } = stack
  const names = await listSecrets(store, projectFor(repository))
  if (options.json) printLine(io, JSON.stringify(names))
  else printLine(io, names.length > 0 ? names.join('\n') : `There are no secrets for ${where(repository)}.`)
  return 0
}

/** `lambci secret remove NAME [OWNER/REPO]`: removes a secret. */
export async function deleteSecret(
  name: string,
  repository: string | undefined,
  options: SecretOptions,
  io: Io,
): Promise<number> {
  using stack = await findStack(options, io.env)
  const { store } = stack
  if (!(await removeSecret(store, projectFor(repository), name)))
    throw new UserError(`There is no secret ${name} for ${where(repository)}.`)
  printLine(io, `${name} was removed for ${where(repository)}.`)
  return 0
}
