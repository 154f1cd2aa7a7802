import { describeDuration } from './duration.ts'
import { z } from './zod.ts'

/** How a process ended. Signals and timeouts have no exit code, so they cannot be mistaken for success. */
export const exitSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('exited'), code: z.int().min(0).max(255) }),
  z.object({ kind: z.literal('signalled'), signal: z.string().regex(/^[A-Z0-9+]{1,20}$/) }),
  z.object({ kind: z.literal('timed-out'), afterMs: z.number().nonnegative() }),
])
export type Exit = z.infer<typeof exitSchema>

/** Whether the exit code is 0. A killed process has no exit code. */
export const succeeded = (exit: Exit) => exit.kind === 'exited' && exit.code === 0

const MAX_COMMAND = 60

/** The first line of a command, shortened to fit into a commit status. */
export function shortCommand(command: string): string {
  const line = command.trim().split('\n')[0] ?? ''
  return line === command.trim() && line.length <= MAX_COMMAND
    ? line
    : `${line.slice(0, MAX_COMMAND).replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** Why a command failed, in one line. Null if it succeeded. */
export function reasonOfExit(command: string, exit: Exit): string | null {
  if (succeeded(exit)) return null
  if (exit.kind === 'timed-out') return `Timed out after ${describeDuration(exit.afterMs)}`
  if (exit.kind === 'signalled') return `${shortCommand(command)} was killed by ${exit.signal}`
  return `${shortCommand(command)} ended with exit code ${exit.code}`
}
