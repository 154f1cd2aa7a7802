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

/**
 * The text for `bash -c`. `setup` and a strict command end at the first command that fails, also within a pipe. A command
 * that is not strict runs as LambCI ran it: without `setup` the text is the command itself. A `setup` that ends the shell is a
 * failure, whatever its exit code.
 * @param mark two words of letters and digits that the shell writes between the two, without a space: a trace of the shell (`set -x`)
 *   has one between them
 */
export function shellTextOf(
  { command, setup, isStrict }: ShellText,
  mark?: readonly [string, string],
): string {
  if (setup === null) return isStrict ? `${STRICT}\n${command}` : command
  // "setup" may have redirected or closed stderr.
  const seam = mark === undefined ? [] : [`builtin printf %s%s ${mark.join(' ')} >&2 || :`]
  const loosened = isStrict ? [] : ['set +eo pipefail']
  return [STRICT, BEFORE_SETUP, setup, AFTER_SETUP, ...seam, ...loosened, command].join('\n')
}
