import { VARIABLE_NAME, VARIABLE_NAME_RULE } from '../model/names.ts'
import { UserError } from '../model/user-error.ts'
import { LARGEST_VARIABLE, sizeOfVariable } from '../model/variable-size.ts'
import { variablesKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { editJson, parseVariablesFile, readJsonObject } from './edit-json.ts'

/** Variables that the runner sets itself. A secret of this name would override one, or be overridden. */
const RESERVED = /^(LAMBCI(_.*)?|CI|STAGE|AWS_REGION|AWS_REQUEST_ID|HOME|TMPDIR)$/

const variablesKeyOf = (project: string | null): string =>
  project === null ? variablesKeys('')[0] : variablesKeys(project)[1]

/** @throws UserError if the name is invalid or reserved */
export function checkVariableName(name: string): void {
  if (!VARIABLE_NAME.test(name))
    throw new UserError(`"${name}" is not a valid variable name (${VARIABLE_NAME_RULE}).`)
  if (RESERVED.test(name)) throw new UserError(`${name} is set by the runner: choose another name.`)
}

/** @throws UserError if a command could not be started with this variable */
export function checkVariableValue(name: string, value: string): void {
  if (value.includes('\0'))
    throw new UserError(
      `The value of ${name} contains a NUL character, which no variable can contain. Encode it, for example in base64.`,
    )
  const size = sizeOfVariable(name, value)
  if (size > LARGEST_VARIABLE)
    throw new UserError(
      `The value of ${name} is too large for a variable: ${size} bytes with its name, and Linux allows ${LARGEST_VARIABLE}. Keep it in a file, for example in S3, and let the command fetch it.`,
    )
}

/** The names of the secret variables of a repository or, for null, of all repositories. */
export const listSecrets = async (store: Store, project: string | null): Promise<string[]> =>
  Object.keys((await readJsonObject(store, variablesKeyOf(project), parseVariablesFile)) ?? {}).toSorted()

/**
 * Sets a secret variable of a repository or, for null, of all repositories.
 * @throws UserError if its name or value is not possible, or if it does not fit beside the others
 */
export async function setSecret(
  store: Store,
  project: string | null,
  { name, value }: { name: string; value: string },
): Promise<void> {
  checkVariableName(name)
  checkVariableValue(name, value)
  await editJson(store, variablesKeyOf(project), parseVariablesFile, current => ({
    ...current,
    [name]: value,
  }))
}

/** Removes a secret variable. False if it does not exist. */
export async function removeSecret(store: Store, project: string | null, name: string): Promise<boolean> {
  if (!(await listSecrets(store, project)).includes(name)) return false
  await editJson(store, variablesKeyOf(project), parseVariablesFile, current => {
    const { [name]: _, ...others } = current ?? {}
    return others
  })
  return true
}
