import { MOST_NAME } from './tests.ts'
import { z } from './zod.ts'

/** The limits of an excerpt: its lines, the UTF-16 units of each, and the bytes of all as JSON. */
export const EXCERPT_LINES = 20
const LINE_WIDTH = 300
const EXCERPT_BYTES = 4000

/** In UTF-16 units. */
export const MOST_ADVICE = 500

/** A title has the names of a suite and of a test. */
const MOST_TITLE = 2 * MOST_NAME + 3

/** The cause of a job's failure. Its texts come from its test report or its output, masked and shortened. */
export const jobFailureSchema = z.object({
  /** The source of its name: a test report, or a tool in the output. `end`: there is none, so the excerpt is the end of the output. */
  source: z.enum(['report', 'log', 'end']),
  /** `cart › multiplies by quantity`; null if no test is named. */
  test: z.string().min(1).max(MOST_TITLE).nullable(),
  excerpt: z
    .array(z.string().max(LINE_WIDTH))
    .max(EXCERPT_LINES)
    .refine(lines => bytesOf(lines) <= EXCERPT_BYTES),
  /** A file of the commit, relative to its root, and the line in it. */
  file: z.string().max(MOST_NAME).nullable(),
  line: z.int().positive().max(10_000_000).nullable(),
  /** Advice for a person. Absent if nothing is known. */
  advice: z.string().max(MOST_ADVICE).optional(),
  /** The line of the job's log where it begins, from 1; null if not known. */
  logLine: z.int().positive().max(2_000_000_000).nullable(),
})
export type JobFailure = z.infer<typeof jobFailureSchema>

/** Whether the failure has a name, so that more is known than how the command ended. */
export const isNamed = ({ source }: Pick<JobFailure, 'source'>) => source !== 'end'

/** The first lines, as many as an excerpt has room for. */
export const excerptOf = (lines: readonly string[]): string[] => bounded(lines.slice(0, EXCERPT_LINES))

/** The last lines, as many as an excerpt has room for. */
export const excerptOfEnd = (lines: readonly string[]): string[] =>
  bounded(lines.slice(-EXCERPT_LINES).toReversed()).toReversed()

function bounded(lines: readonly string[]): string[] {
  const shortened = lines.map(shortLine)
  const most = shortened.findIndex((_, at) => bytesOf(shortened.slice(0, at + 1)) > EXCERPT_BYTES)
  return most < 0 ? shortened : shortened.slice(0, most)
}

const bytesOf = (lines: readonly string[]) => Buffer.byteLength(JSON.stringify(lines))

/** Control characters except tabs are left out, and halves of characters are replaced. */
function shortLine(line: string): string {
  const text = line
    .replace(/[^\P{Cc}\t]/gu, '')
    .toWellFormed()
    .trimEnd()
  return text.length <= LINE_WIDTH
    ? text
    : `${text.slice(0, LINE_WIDTH - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
