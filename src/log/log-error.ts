import { escapeControls } from '../model/escape-controls.ts'
import { UserError } from '../model/user-error.ts'
import type { BuildLog } from './build-log.ts'

/**
 * Logs an error and returns its first line, redacted. Any error except a `UserError` is a bug in the runner: its stack is written to the
 * function's log.
 */
export async function logError(error: Error, log: BuildLog): Promise<string> {
  const isUserError = error instanceof UserError
  if (!isUserError) console.error(log.redact(error.stack ?? String(error)))
  const lines = isUserError ? error.lines : [escapeControls(`A fault in the runner: ${error.message}`)]
  for (const line of lines) await log.writeLine(line)
  return log.redact(lines[0] ?? '').slice(0, 500)
}
