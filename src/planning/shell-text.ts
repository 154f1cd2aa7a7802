import type { ShellText } from './planned-job.ts'

const STRICT = 'set -eo pipefail'

/**
 * The text for `bash -c`. `setup` and a strict command end at the first command that fails, also within a pipe. A command
 * that is not strict runs as LambCI ran it: without `setup` the text is the command itself.
 */
export function shellTextOf({ command, setup, isStrict }: ShellText): string {
  if (setup === null) return isStrict ? `${STRICT}\n${command}` : command
  return [STRICT, setup, ...(isStrict ? [] : ['set +eo pipefail']), command].join('\n')
}
