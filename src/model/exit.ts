import * as z from 'zod'
import { describeDuration } from './duration.ts'

/** How one process ended. A signal and a timeout are never an exit code, so neither can be mistaken for success. */
export const exitSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('exited'), code: z.int().min(0).max(255) }),
  z.object({ kind: z.literal('signalled'), signal: z.string().max(20) }),
  z.object({ kind: z.literal('timed-out'), afterMs: z.number().nonnegative() }),
])
export type Exit = z.infer<typeof exitSchema>

/** Only exit code 0 is a success: a command that was killed has no code. */
export const succeeded = (exit: Exit) => exit.kind === 'exited' && exit.code === 0

const SHOWN_COMMAND = 60

/** A command's first line, short enough for a status. */
export function shortCommand(command: string): string {
  const line = command.trim().split('\n')[0] ?? ''
  return line === command.trim() && line.length <= SHOWN_COMMAND
    ? line
    : `${line.slice(0, SHOWN_COMMAND).replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** Why a command did not succeed, in one line; null if it did. */
export function reasonOfExit(command: string, exit: Exit): string | null {
  if (succeeded(exit)) return null
  if (exit.kind === 'timed-out') return `Timed out after ${describeDuration(exit.afterMs)}`
  if (exit.kind === 'signalled') return `${shortCommand(command)} was killed by ${exit.signal}`
  return `${shortCommand(command)} ended with exit code ${exit.code}`
}
