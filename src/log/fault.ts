import { Problem } from '../problem.ts'
import type { BuildLog } from './build-log.ts'

/**
 * Says in the log what went wrong; answers its first line. A problem is the user's to solve and reads as prose; anything
 * else is a fault of ours.
 */
export async function sayFault(error: Error, log: BuildLog): Promise<string> {
  const isProblem = error instanceof Problem
  if (!isProblem) console.error(log.redact(error.stack ?? String(error)))
  const lines = (isProblem ? error.message : `A fault in the runner: ${error.message}`).split('\n')
  for (const line of lines) await log.say(line)
  return log.redact(lines[0] ?? '').slice(0, 500)
}
