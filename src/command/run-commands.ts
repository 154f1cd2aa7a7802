import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { succeeded } from '../model/exit.ts'
import type { ShellText } from '../planning/planned-job.ts'
import { seamedTextOf, shellTextOf } from '../planning/shell-text.ts'
import { completeCommands, WATCHING } from './complete-commands.ts'
import { indexOfSeam, SeamFinder } from './find-seam.ts'
import { type Command, type CommandEnd, runCommand } from './run-command.ts'

/** Linux allows 128 KiB for the whole text. */
const MAX_BYTES = 125_000
/** The maximum length of a seam. */
const SEAM_BYTES = 250
const NOT_RUN =
  'The command has not run: "setup" has replaced or ended the shell, or left a here-document open. Change that.'

/** A command that the shell runs. `isFirst`: whether it is the first of its list. */
export type ShellCommand = { kind: 'setup' | 'command'; command: string; isFirst: boolean }

export type CommandsRun = Omit<Command, 'command'> & {
  /** Called before the output of each command. */
  onCommand(command: ShellCommand): Promise<void>
}

/** `last`: the last command that has begun; null if that is uncertain. */
export type CommandsEnd = CommandEnd & { last: ShellCommand | null }

/**
 * Runs a command and its `setup` in one shell. Between two commands that are complete by themselves, the shell writes a random mark,
 * which is removed from the output. If the command does not begin, `setup` has failed, whatever its exit code.
 * @throws as `runCommand`
 */
export async function runCommands(
  text: ShellText,
  { onCommand, ...options }: CommandsRun,
): Promise<CommandsEnd> {
  const lists = await listsOf(text, options.env.PATH ?? '')
  const commands = [
    ...lists.setup.map((command, at): ShellCommand => ({ kind: 'setup', command, isFirst: at === 0 })),
    ...lists.command.map((command, at): ShellCommand => ({ kind: 'command', command, isFirst: at === 0 })),
  ]
  const begin = async (index: number) => {
    const command = commands[index]
    if (command) await onCommand(command)
  }
  await begin(0)
  if (commands.length < 2)
    return { ...(await runCommand({ ...options, command: shellTextOf(text) })), last: null }
  const mark = ['lambci', randomBytes(16).toString('hex')] as const
  const finder = new SeamFinder(mark.join(''), commands.length, options.onOutput, async index => {
    if (index > 0) await begin(index)
  })
  const end = await runCommand({
    ...options,
    command: output => seamedTextOf(lists, text.isStrict, index => seamOf(mark, index, output)),
    onOutput: bytes => finder.add(bytes),
  })
  await finder.end()
  const last = (isCertain && commands[finder.last]) || null
  // A command of a list may end the shell on purpose, but a `setup` may not.
  if (last?.kind !== 'setup' || !succeeded(end.exit)) return { ...end, last }
  await options.onOutput(Buffer.from(`${NOT_RUN}\n`))
  return { ...end, exit: { kind: 'exited', code: 1 }, last }
}

/** The commands, joined if no seam may separate them. */
async function listsOf({ command, setup, lists }: ShellText, path: string) {
  const whole = { setup: setup === null ? [] : [setup], command: [command] }
  if (lists === undefined || `${command}${setup}`.includes('\0')) return whole
  const bytes = Buffer.byteLength(command) + Buffer.byteLength(setup ?? '')
  if (bytes + (lists.setup.length + lists.command.length) * SEAM_BYTES > MAX_BYTES) return whole
  const [first, second] = await Promise.all([
    completeCommands(lists.setup, path),
    WATCHING.test(setup ?? '') ? [command] : completeCommands(lists.command, path),
  ])
  return { setup: first, command: second }
}

/** Without /proc (macOS), a mark is lost if a command has redirected stderr. */
const isCertain = existsSync('/proc/self/fd')

/**
 * Shell text that writes a mark before a command. The mark is two words that are written without a space between them; a trace of the shell
 * shows the space. A subshell writes it without an effect on the commands: `$?` and `$_` are unchanged, nothing is defined, traced or
 * trapped, and a failure on the left of `&&` ends nothing. It writes to the pipe itself, wherever the commands have redirected stderr.
 */
function seamOf([word, rest]: readonly [string, string], index: number, output: number): string {
  const target = isCertain ? `2>/dev/null >>/proc/${process.pid}/fd/${output}` : '>&2 2>/dev/null'
  const print = `builtin printf %s%s ${word} ${rest}${indexOfSeam(index)} ${target}`
  return `({ builtin set +x -- "$?"; } 2>/dev/null; ${print}; builtin exit "$1")&&for lambci in; do :; done; `
}
