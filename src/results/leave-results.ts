import type { Exit } from '../model/exit.ts'
import { succeeded } from '../model/exit.ts'
import type { TestSummary } from '../model/tests.ts'
import type { PlannedJob } from '../planning/planned-job.ts'
import type { BuildRef, JobRef } from '../records/keys.ts'
import { type RunEnd, runEnd } from '../records/run-end.ts'
import type { RunRecorder } from '../records/run-recorder.ts'
import type { ArtifactContext } from './artifact-context.ts'

type ResultsContext = ArtifactContext & {
  /** Masks secrets. */
  redact: (text: string) => string
  recorder: Pick<RunRecorder, 'time' | 'recordLater'>
}

/** How a command ended; `since`: when it began, by `momentOnDisk`, if it writes test reports. */
type EndedCommand = { exit: Exit; reason: string | null; since: bigint | null }

/**
 * Reads the test reports that a command has written, and packs its artifacts. Returns how the job ends. Both are loaded on
 * demand, because most jobs have neither.
 * @throws UserError if an artifact cannot be packed
 */
export async function leaveResults(
  context: ResultsContext,
  ref: BuildRef & { job: JobRef },
  job: PlannedJob,
  ended: EndedCommand,
): Promise<RunEnd> {
  const { recorder } = context
  const { exit } = ended
  const conclude = () => concluded(context, ref, job, ended)
  const { conclusion, reason, summary } = await (job.tests ? recorder.time('tests', conclude) : conclude())
  if (summary) recorder.recordLater({ tests: summary })
  if (job.artifacts.length > 0) {
    const { leaveArtifacts } = await import('./exchange-artifacts.ts')
    const artifacts = await leaveArtifacts(context, ref, job, conclusion === 'passed')
    recorder.recordLater({ artifacts })
  }
  return runEnd(conclusion, { exit, reason })
}

/** A command that was killed or took too long may have left reports that are not complete. */
async function concluded(
  { store, sandbox, signal, logLine, redact }: ResultsContext,
  ref: BuildRef & { job: JobRef },
  { tests }: PlannedJob,
  { exit, reason, since }: EndedCommand,
): Promise<Pick<RunEnd, 'conclusion' | 'reason'> & { summary: TestSummary | null }> {
  if (tests === null || since === null || exit.kind !== 'exited')
    return { conclusion: succeeded(exit) ? 'passed' : 'failed', reason, summary: null }
  const { concludeTests } = await import('./conclude-tests.ts')
  const context = { store, workspace: sandbox.workspace, signal, redact, logLine }
  return concludeTests(context, ref, tests, { exit, reason, since })
}
