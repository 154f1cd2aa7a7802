import { z } from '../../model/zod.ts'
import { commandSchema, MAX_TEXT } from '../values.ts'

const MAX_COMMANDS = 100
/** Leaves a command with its setup short enough for Linux, at three bytes a character. */
const MAX_SETUP = 10_000

/** A command, or several that one shell runs in order. */
export const commandsSchema = commandList('must be a command or a list of commands', MAX_TEXT)

/** Runs before a command, in the same shell; `false` for nothing. */
export const setupSchema = z.union(
  [z.literal(false), commandList('must be a command, a list of commands, or false', MAX_SETUP)],
  { error: 'must be a command, a list of commands, or false' },
)

/** A command, or a list for one shell. */
export type Commands = string | readonly string[]

/** The text of commands for one shell. */
export const joinCommands = (commands: Commands): string =>
  typeof commands === 'string' ? commands : commands.join('\n')

function commandList(error: string, maxLength: number) {
  const isShort = (commands: Commands) => joinCommands(commands).length <= maxLength
  const list = z
    .array(commandSchema, { error })
    .min(1, { error: 'must not be empty' })
    .max(MAX_COMMANDS, { error: `must have at most ${MAX_COMMANDS} commands` })
  return z
    .union([commandSchema, list], { error })
    .refine(isShort, { error: `must be at most ${maxLength} characters long` })
}
