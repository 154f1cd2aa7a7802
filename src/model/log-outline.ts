import { z } from './zod.ts'

/** The most groups of a log that are recorded, and the most times. */
export const MOST_GROUPS = 200
export const MOST_TIMES = 400
/** More than a job has, which is at most two lists of 100 commands. */
const MOST_PHASES = 210

const line = z.int().positive().max(2_000_000_000)
const seconds = z.number().nonnegative().max(10_000_000)

/**
 * The parts of a job's log, and the times at which lines were written. Lines are numbered from 1, and times are seconds since the start
 * of the job. A job writes it about its own log, so readers leave out what does not fit.
 */
export const logOutlineSchema = z.object({
  /** The first line of each phase, and when it began. The last phase continues to the end. */
  phases: z
    .array(z.tuple([z.enum(['fetch', 'setup', 'command', 'deploy', 'results']), line, seconds]))
    .max(MOST_PHASES),
  /** The first and the last line of each group of the output, and how many seconds passed between them. */
  groups: z.array(z.tuple([line, line, seconds])).max(MOST_GROUPS),
  /** The first lines that were written at these times. */
  times: z.array(z.tuple([line, seconds])).max(MOST_TIMES),
})
export type LogOutline = z.infer<typeof logOutlineSchema>
export type LogPhase = LogOutline['phases'][number][0]
