import type { CommandOutput, OutputLines } from '../model/command-output.ts'
import type { Exit } from '../model/exit.ts'
import { EXCERPT_LINES, excerptOf, excerptOfEnd, type JobFailure, MOST_ADVICE } from '../model/failure.ts'
import { type TestFailure, titleOfTest } from '../model/tests.ts'
import { plain, shortName } from './failure-record.ts'
import { describeFound, findFailure, lastShown, lineAbout } from './find-failure.ts'
import { findInCommit } from './find-in-commit.ts'
import type { FailureInLog } from './log-recogniser.ts'
import { RECOGNISERS } from './recognisers/all.ts'

/** How long an output is searched, in ms. The log and the record still have to be written. */
const MOST_MS = 5000
/** The width of a line of the end. Both ends of a longer line are kept. */
const WIDTH = 300

type FailedCommand = {
  exit: Exit
  output: CommandOutput
  /** Advice, if there is any. */
  advice: string | null
  /** The first failure of its test reports. */
  first: TestFailure | null
}

type Explanation = {
  failure: JobFailure | null
  /** The failure, such as a test, in a sentence, if the output names it and no report does. */
  reason: string | null
}

/**
 * The cause of a command's failure: the first failure of its test reports, or else the failure that a tool names in the output, or else
 * the end of the output. For a command that was stopped or killed, always the end, because it shows where the command was.
 * @param redact masks secrets
 */
export function explainFailure(command: FailedCommand, context: Context): Explanation {
  const { failure, reason } = explained(command, context)
  const advice =
    command.advice === null ? {} : { advice: context.redact(command.advice).slice(0, MOST_ADVICE) }
  return { failure: failure && { ...failure, ...advice }, reason }
}

type Context = { workspace: string; redact: (text: string) => string }

function explained({ exit, output, first }: FailedCommand, { workspace, redact }: Context): Explanation {
  const until = performance.now() + MOST_MS
  const lines = output.lines()
  if (first) return { failure: ofReport(first, lines), reason: null }
  const isTooLate = () => performance.now() > until
  const found = exit.kind === 'exited' ? findFailure(lines.texts, RECOGNISERS, isTooLate) : null
  return found ? ofLog(found, lines, { workspace, redact }) : { failure: ofEnd(output, lines), reason: null }
}

const ofReport = (first: TestFailure, { texts, numberOf }: OutputLines): JobFailure => {
  const { message, file, line } = first
  const at = lineAbout(texts, first)
  return {
    source: 'report',
    test: titleOfTest(first) || null,
    excerpt: message === '' ? [] : excerptOf(message.split('\n')),
    ...{ file, line, logLine: at === null ? null : numberOf(at) },
  }
}

function ofLog(
  found: FailureInLog,
  { texts, numberOf }: OutputLines,
  { workspace, redact }: { workspace: string; redact: (text: string) => string },
): Explanation {
  // Masked again, because these lines were not next to one another before.
  const shown = redact(found.shown.map(at => texts[at] ?? '').join('\n')).split('\n')
  const path = found.file === null ? null : findInCommit(found.file, workspace)
  const file = path === null ? null : shortName(redact(plain(path)))
  const line = file === null || !found.line ? null : found.line
  const test = found.test === null ? null : shortName(redact(plain(found.test))) || null
  const excerpt = excerptOf(shown)
  const [first = ''] = excerpt.filter(each => each.trim() !== '')
  const [at = 0] = found.shown
  return {
    failure: { source: 'log', test, excerpt, file, line, logLine: numberOf(at) },
    reason: describeFound({ ...found, test }, { file, line }, first) || null,
  }
}

function ofEnd(output: CommandOutput, { texts, numberOf }: OutputLines): JobFailure | null {
  const excerpt = excerptOfEnd(output.lastLines(EXCERPT_LINES, WIDTH))
  if (excerpt.length === 0) return null
  const [at] = lastShown(texts, excerpt.length)
  const logLine = at === undefined ? null : numberOf(at)
  return { source: 'end', test: null, excerpt, file: null, line: null, logLine }
}
