import { type Commands, joinCommands } from '../config/jobs/command-schema.ts'
import type { ShellText } from './planned-job.ts'

const STRICT = 'set -eo pipefail'

/** Without this, a `setup` that ends the shell with exit code 0 would pass the job, although its command has not run. */
const BEFORE_SETUP = `exit() {
  local lambci_code=\${1:-$?}
  if [ "$BASH_SUBSHELL" = 0 ] && [ "$lambci_code" = 0 ]; then
    echo '"setup" ended the shell before the command could run. Remove the exit from it.' >&2
    lambci_code=1
  fi
  builtin exit "$lambci_code"
}`
const AFTER_SETUP = 'unset -f exit'

/** The commands of a configuration for one shell. */
export const toShellText = (command: Commands, setup: Commands | null, isStrict: boolean): ShellText => ({
  command: joinCommands(command),
  setup: setup === null ? null : joinCommands(setup),
  isStrict,
  ...(isList(command) || isList(setup) ? { lists: { setup: toList(setup), command: toList(command) } } : {}),
})

const isList = (commands: Commands | null) => typeof commands !== 'string' && (commands?.length ?? 0) > 1
const toList = (commands: Commands | null) => (typeof commands === 'string' ? [commands] : (commands ?? []))

/**
 * The text for `bash -c`. `setup` and a strict command end at the first command that fails, even within a pipe. A command that is not
 * strict runs as LambCI ran it: without `setup` the text is the command itself. A `setup` that ends the shell is a failure, whatever its
 * exit code.
 */
export function shellTextOf({ command, setup, isStrict }: ShellText): string {
  if (setup === null) return isStrict ? `${STRICT}\n${command}` : command
  const loosened = isStrict ? [] : ['set +eo pipefail']
  return [STRICT, BEFORE_SETUP, setup, AFTER_SETUP, ...loosened, command].join('\n')
}

/**
 * Like `shellTextOf`, with a seam before each command. Each command is complete by itself.
 * @param seam a text that may stand before a command on its line, by the command's index: first those of `setup`
 */
export function seamedTextOf(
  { setup, command }: NonNullable<ShellText['lists']>,
  isStrict: boolean,
  seam: (index: number) => string,
): string {
  // The first command has its own line: it may be invalid, and bash then prints the line.
  const join = (commands: readonly string[], from: number) =>
    commands.map((each, at) => (at === 0 ? each : `${seam(from + at)}${each}`)).join('\n')
  const body = join(command, setup.length)
  if (setup.length === 0) return `${isStrict ? `${STRICT}; ` : ''}${seam(0)}\n${body}`
  const loosened = isStrict ? [] : ['set +eo pipefail']
  const before = [`${STRICT}; ${seam(0)}`, BEFORE_SETUP, join(setup, 0), AFTER_SETUP, ...loosened]
  return [...before, seam(setup.length), body].join('\n')
}
