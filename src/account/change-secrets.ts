import { UserError } from '../model/user-error.ts'
import { variablesKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { editJson, readJsonObject } from './edit-json.ts'

/** What the runner sets itself; a secret of this name would hide it, or be hidden. */
const RESERVED = /^(LAMBCI(_.*)?|CI|STAGE|AWS_REGION|AWS_REQUEST_ID|HOME|TMPDIR)$/

const variablesKeyOf = (project: string | null): string =>
  project === null ? variablesKeys('')[0] : variablesKeys(project)[1]

/** @throws Problem for what can be no variable's name */
export function checkVariableName(name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new UserError(
      `"${name}" is no name of a variable: letters, digits and underscores, not beginning with a digit.`,
    )
  if (RESERVED.test(name)) throw new UserError(`${name} is set by the runner: take another name.`)
}

/** The names of the secret variables of a repository or, for null, of all. */
export const listSecrets = async (store: Store, project: string | null): Promise<string[]> =>
  Object.keys((await readJsonObject(store, variablesKeyOf(project))) ?? {}).toSorted()

/** Sets a secret variable. */
export async function setSecret(
  store: Store,
  project: string | null,
  { name, value }: { name: string; value: string },
): Promise<void> {
  checkVariableName(name)
  await editJson(store, variablesKeyOf(project), standing => ({ ...standing, [name]: value }))
}

/** Takes a secret variable away; false where there is none. */
export async function removeSecret(store: Store, project: string | null, name: string): Promise<boolean> {
  if (!(await listSecrets(store, project)).includes(name)) return false
  await editJson(store, variablesKeyOf(project), standing => {
    const { [name]: _, ...others } = standing ?? {}
    return others
  })
  return true
}
