import * as z from 'zod'
import type { Exit } from './exit.ts'

/** How a build ended. */
export const resultSchema = z.enum(['passed', 'failed', 'errored', 'cancelled', 'skipped'])
export type Result = z.infer<typeof resultSchema>

/** Where a build stands: under way, or its result. */
export type BuildStatus = 'queued' | 'running' | 'deploying' | Result

/** All of them, in the order in which they come. */
export const BUILD_STATUSES: readonly BuildStatus[] = [
  'queued',
  'running',
  'deploying',
  ...resultSchema.options,
]

const ENDINGS: readonly BuildStatus[] = resultSchema.options

/** What may follow what. An ending is final, but for tests that passed while their deploy still runs. */
const MOVES: Record<BuildStatus, readonly BuildStatus[]> = {
  queued: ['running', 'deploying', ...ENDINGS],
  running: ['deploying', ...ENDINGS],
  deploying: ['passed'],
  passed: [],
  failed: [],
  errored: [],
  cancelled: [],
  skipped: [],
}

/** Whether people who were told `from` may be told `to`. */
export const mayFollow = (from: BuildStatus, to: BuildStatus) => MOVES[from].includes(to)

export const hasEnded = (status: BuildStatus): status is Result => ENDINGS.includes(status)

/** Only a plain exit with code 0 is a success: a command that was killed has no code. */
export const succeeded = (exit: Exit) => exit.kind === 'exited' && exit.code === 0
