import {
  EVERY_STAGE,
  STAGE_NAME_RULE,
  stageNameSchema,
  VARIABLE_NAME,
  VARIABLE_NAME_RULE,
} from '../model/names.ts'
import { UserError } from '../model/user-error.ts'
import { LARGEST_VARIABLE, sizeOfVariable } from '../model/variable-size.ts'
import {
  stageOfVariablesKey,
  stageVariablesKey,
  stageVariablesPrefix,
  variablesKeys,
} from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { editJson, parseVariablesFile, readJsonObject } from './edit-json.ts'

/** Variables that the runner sets itself. A secret of this name would override one, or be overridden. */
const RESERVED = /^(LAMBCI(_.*)?|CI|STAGE|AWS_REGION|AWS_REQUEST_ID|HOME|TMPDIR)$/

/** The scope of secrets: all repositories (no `project`), one repository, or the deploys to one of its stages or, for `*`, all of them. */
export type SecretScope = { project: string | null; stage?: string | null }

function variablesKeyOf({ project, stage = null }: SecretScope): string {
  if (project === null) return variablesKeys('')[0]
  return stage === null ? variablesKeys(project)[1] : stageVariablesKey({ project, stage })
}

/**
 * The name of a stage, or `*` for every stage. A stage need not exist yet: files make them.
 * @throws UserError if no stage can have this name
 */
export function parseSecretStage(text: string): string {
  if (text === EVERY_STAGE || stageNameSchema.safeParse(text).success) return text
  throw new UserError(
    `"${text}" is not the name of a stage (${STAGE_NAME_RULE}). For every stage, write --stage '${EVERY_STAGE}'.`,
  )
}

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

/** The names of secret variables. */
export const listSecrets = async (store: Store, scope: SecretScope): Promise<string[]> =>
  Object.keys((await readJsonObject(store, variablesKeyOf(scope), parseVariablesFile)) ?? {}).toSorted()

/** The name of a secret variable, and the stage that it is for: `*` for every stage, null for tests and deploys. */
export type ListedSecret = { name: string; stage: string | null }

/** The secret variables of a repository's stages: first those of every stage. */
export async function listStageSecrets(store: Store, project: string): Promise<ListedSecret[]> {
  const found = await store.list(stageVariablesPrefix(project))
  const stages = found.flatMap(({ key }) => stageOfVariablesKey(key)?.stage ?? [])
  const secretsOf = async (stage: string) =>
    (await listSecrets(store, { project, stage })).map(name => ({ name, stage }))
  return (await Promise.all(stages.toSorted().map(secretsOf))).flat()
}

/**
 * Sets a secret variable.
 * @throws UserError if its name or value is invalid, or if there is no room for it
 */
export async function setSecret(
  store: Store,
  scope: SecretScope,
  { name, value }: { name: string; value: string },
): Promise<void> {
  checkVariableName(name)
  checkVariableValue(name, value)
  await editJson(store, variablesKeyOf(scope), parseVariablesFile, current => ({
    ...current,
    [name]: value,
  }))
}

/** Removes a secret variable. False if it does not exist. */
export async function removeSecret(store: Store, scope: SecretScope, name: string): Promise<boolean> {
  if (!(await listSecrets(store, scope)).includes(name)) return false
  await editJson(store, variablesKeyOf(scope), parseVariablesFile, current => {
    const { [name]: _, ...others } = current ?? {}
    return others
  })
  return true
}
