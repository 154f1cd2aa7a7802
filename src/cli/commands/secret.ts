import { checkVariableName, listSecrets, removeSecret, setSecret } from '../../account/change-secrets.ts'
import { UserError } from '../../model/user-error.ts'
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
): Promise<number> {
  checkVariableName(name)
  const project = projectFor(repository)
  const { store } = await findStack(options)
  const value = await readValue(name, options)
  if (value === '') throw new UserError(`The value of ${name} is empty, so it was not set.`)
  await setSecret(store, project, { name, value })
  console.log(`${name} is set for ${where(repository)}.`)
  if (value.length < MIN_MASKED_LENGTH)
    console.log(`Note: it is shorter than ${MIN_MASKED_LENGTH} characters, so logs do not mask it.`)
  return 0
}

function readValue(name: string, { file }: SecretOptions): Promise<string> {
  if (file !== undefined) return readSecretFile(file)
  return isInteractive() ? promptSecret(`Value of ${name}`) : readStandardInput()
}

/** `lambci secret list [OWNER/REPO]`: prints names only. */
export async function printSecrets(repository: string | undefined, options: SecretOptions): Promise<number> {
  const { store } = await findStack(options)
  const names = await listSecrets(store, projectFor(repository))
  if (options.json) console.log(JSON.stringify(names))
  else console.log(names.length > 0 ? names.join('\n') : `There are no secrets for ${where(repository)}.`)
  return 0
}

/** `lambci secret remove NAME [OWNER/REPO]`: removes a secret. */
export async function deleteSecret(
  name: string,
  repository: string | undefined,
  options: SecretOptions,
): Promise<number> {
  const { store } = await findStack(options)
  if (!(await removeSecret(store, projectFor(repository), name)))
    throw new UserError(`There is no secret ${name} for ${where(repository)}.`)
  console.log(`${name} was removed for ${where(repository)}.`)
  return 0
}
