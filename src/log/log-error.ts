import { UserError } from '../model/user-error.ts'
import type { BuildLog } from './build-log.ts'

/**
 * Logs an error, and answers its first line, redacted. A `UserError` is written for people; anything else is a fault of the
 * runner, whose stack goes to the function's own log.
 */
export async function logError(error: Error, log: BuildLog): Promise<string> {
  const isForPeople = error instanceof UserError
  if (!isForPeople) console.error(log.redact(error.stack ?? String(error)))
  const lines = (isForPeople ? error.message : `A fault in the runner: ${error.message}`).split('\n')
  for (const line of lines) await log.writeLine(line)
  return log.redact(lines[0] ?? '').slice(0, 500)
}
