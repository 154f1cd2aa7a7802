import {
  checkVariableName,
  type ListedSecret,
  listSecrets,
  listStageSecrets,
  parseSecretStage,
  removeSecret,
  type SecretScope,
  setSecret,
} from '../../account/change-secrets.ts'
import { EVERY_STAGE } from '../../model/names.ts'
import { UserError } from '../../model/user-error.ts'
import type { Store } from '../../records/store.ts'
import { type Io, jsonText, printLine, printNote, type Style, styleFor } from '../io.ts'
import { tableOf } from '../table.ts'
import { type FoundStack, findStack, type StackOptions } from './find-stack.ts'
import { noteUnread } from './note-unread.ts'
import { nameRepository, parseNamed } from './open-target.ts'
import { isInteractive, promptSecret, readSecretFile, readStandardInput } from './prompts.ts'
import { projectToChange } from './targets.ts'

export type SecretOptions = StackOptions & { file?: string; json?: boolean; stage?: string }

/** The subject of a command: a stage of a repository, a repository or, for null, all repositories. */
type Target = { repository: string | null; stage: string | null }

const MIN_MASKED_LENGTH = 6

/** `stage production`, or `every stage`. */
const describeStage = (stage: string) => (stage === EVERY_STAGE ? 'every stage' : `stage ${stage}`)

const where = ({ repository, stage }: Target) =>
  stage === null ? (repository ?? 'all repositories') : `${describeStage(stage)} of ${repository}`

/** @throws UserError if this is not a repository or a stage, or if it is a stage without a repository */
function parse(name: string | undefined, options: SecretOptions): Target {
  const stage = options.stage === undefined ? null : parseSecretStage(options.stage)
  if (name !== undefined) return { repository: parseNamed(name), stage }
  if (stage === null) return { repository: null, stage }
  throw new UserError('A stage is one of a repository: name that, too, for example "you/project".')
}

/** The location of the secrets, and a note if it could not be confirmed. */
async function find(stack: FoundStack, { repository, stage }: Target) {
  if (repository === null) return { scope: { project: null }, note: null }
  const { project, note } = await projectToChange(stack, repository)
  return { scope: { project, stage }, note }
}

/** `lambci secret set NAME [OWNER/REPO]`: reads the value from a prompt, a file or standard input. */
export async function storeSecret(
  name: string,
  repository: string | undefined,
  options: SecretOptions,
  io: Io,
): Promise<number> {
  checkVariableName(name)
  const parsed = parse(repository, options)
  using stack = await findStack(options, io)
  const target = { ...parsed, repository: await nameRepository(parsed.repository, stack, io) }
  const { scope, note } = await find(stack, target)
  const value = await readValue(name, options, io)
  if (value === '') throw new UserError(`The value of ${name} is empty, so it was not set.`)
  await setSecret(stack.store, scope, { name, value })
  printLine(io, `${name} is set for ${where(target)}.`)
  if (note) printLine(io, `Note: ${note}`)
  if (value.length < MIN_MASKED_LENGTH)
    printLine(io, `Note: it is shorter than ${MIN_MASKED_LENGTH} characters, so logs do not mask it.`)
  await noteUnread(stack.store, { ...target, project: scope.project }, io)
  return 0
}

function readValue(name: string, { file }: SecretOptions, io: Io): Promise<string> {
  if (file !== undefined) return readSecretFile(file)
  return isInteractive(io) ? promptSecret(io, `Value of ${name}`) : readStandardInput(io)
}

/** `lambci secret list [OWNER/REPO]`: prints names only, and the stages that they are for. */
export async function printSecrets(
  repository: string | undefined,
  options: SecretOptions,
  io: Io,
): Promise<number> {
  const parsed = parse(repository, options)
  using stack = await findStack(options, io)
  const target = { ...parsed, repository: await nameRepository(parsed.repository, stack, io) }
  const { scope } = await find(stack, target)
  const secrets = await secretsOf(stack.store, scope, io)
  await noteUnread(stack.store, { ...target, project: scope.project }, io)
  // Secrets of all repositories belong to no stage.
  if (options.json)
    printLine(io, jsonText(target.repository === null ? secrets.map(({ name }) => name) : secrets))
  else
    printLine(
      io,
      secrets.length > 0 ? describe(secrets, styleFor(io)) : `There are no secrets for ${where(target)}.`,
    )
  return 0
}

/** The secrets of a repository include those of its stages. */
async function secretsOf(store: Store, scope: SecretScope, io: Io): Promise<ListedSecret[]> {
  const { project, stage = null } = scope
  const own = (await listSecrets(store, scope)).map(name => ({ name, stage }))
  if (project === null || stage !== null) return own
  try {
    return [...own, ...(await listStageSecrets(store, project))]
  } catch (error) {
    if ((error as Error).name !== 'AccessDenied') throw error
    printNote(
      io,
      'Note: your AWS credentials may not list the bucket, so secrets of stages are missing here. Name a stage with --stage.',
    )
    return own
  }
}

/** A plain list if there are only names, otherwise a table. */
function describe(secrets: readonly ListedSecret[], style: Style): string {
  if (secrets.every(({ stage }) => stage === null)) return secrets.map(({ name }) => name).join('\n')
  const rows = secrets.map(({ name, stage }) => [name, stage === null ? '' : describeStage(stage)])
  return tableOf(['NAME', 'ONLY FOR'], rows, style)
}

/** `lambci secret remove NAME [OWNER/REPO]`: removes a secret. */
export async function deleteSecret(
  name: string,
  repository: string | undefined,
  options: SecretOptions,
  io: Io,
): Promise<number> {
  const parsed = parse(repository, options)
  using stack = await findStack(options, io)
  const target = { ...parsed, repository: await nameRepository(parsed.repository, stack, io) }
  const { scope } = await find(stack, target)
  const isRemoved = await removeSecret(stack.store, scope, name)
  await noteUnread(stack.store, { ...target, project: scope.project }, io)
  if (!isRemoved) throw new UserError(`There is no secret ${name} for ${where(target)}.`)
  printLine(io, `${name} was removed for ${where(target)}.`)
  return 0
}
