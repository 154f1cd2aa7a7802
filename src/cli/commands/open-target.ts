import { projectOnRecord } from '../../account/find-project.ts'
import { stageNameSchema } from '../../model/names.ts'
import { UserError } from '../../model/user-error.ts'
import type { StageRef } from '../../records/keys.ts'
import type { Io } from '../io.ts'
import { type FoundStack, findStack, type StackOptions } from './find-stack.ts'
import { repositoryHere } from './repository-here.ts'
import { parseRepository } from './targets.ts'

/** A repository and its stack. Disposing closes the stack. */
export type OpenRepository = Disposable & { stack: FoundStack; repository: string }

/** Whether a word means the repository of the working copy. */
export const isHere = (word: string | undefined): boolean => word === undefined || word === '.'

/** `owner/repo`, or `.` for that of the working copy, which `nameRepository` names. @throws UserError for anything else */
export const parseNamed = (word: string): string => (word === '.' ? word : parseRepository(word))

/** The repository that `parseNamed` has accepted, once the stack is known. */
export const nameRepository = async (
  word: string | null,
  stack: FoundStack,
  io: Io,
): Promise<string | null> => (word === '.' ? repositoryHere(stack, io) : word)

/**
 * Opens the stack and names the repository: `owner/repo`, its address, or null or `.` for that of the working copy.
 * @throws UserError if there is no stack, or if it is not a repository
 */
export async function openRepository(
  word: string | undefined,
  options: StackOptions,
  io: Io,
): Promise<OpenRepository> {
  const named = word === undefined || word === '.' ? null : parseRepository(word)
  const stack = await findStack(options, io)
  try {
    const repository = named ?? (await repositoryHere(stack, io))
    return { stack, repository, [Symbol.dispose]: stack[Symbol.dispose] }
  } catch (error) {
    stack[Symbol.dispose]()
    throw error
  }
}

/** A stage as typed, and the location of its records. */
export type OpenStage = OpenRepository & { stage: string; ref: StageRef }

/**
 * Opens the stack and finds the stage that `words` name: `owner/repo stage`, or just the stage for the repository of the working copy.
 * @throws UserError if they name no stage
 */
export async function openStage(words: readonly string[], options: StackOptions, io: Io): Promise<OpenStage> {
  const [first, second, ...more] = words
  if (more.length > 0) throw new UserError('Too many arguments. Write: [owner/repo] stage.')
  const [repository, name = ''] = second === undefined ? [undefined, first] : [first, second]
  const { data: stage } = stageNameSchema.safeParse(name)
  if (!stage)
    throw new UserError(
      `"${name}" is not the name of a stage. Use lower-case letters, digits and dashes, for example "qa".`,
    )
  const opened = await openRepository(repository, options, io)
  const project = await projectOnRecord(opened.stack.store, opened.repository)
  return { ...opened, stage, ref: { project, stage } }
}
