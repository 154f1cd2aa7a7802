import type { CommandOutput } from '../model/command-output.ts'
import type { Exit } from '../model/exit.ts'
import { succeeded } from '../model/exit.ts'
import type { AssignedJob } from '../planning/planned-job.ts'
import type { BuildRef, JobRef } from '../records/keys.ts'
import { type RunEnd, runEnd } from '../records/run-end.ts'
import type { RunRecorder } from '../records/run-recorder.ts'
import type { ArtifactContext } from './artifact-context.ts'
import type { ReadTests } from './conclude-tests.ts'
import type { JobResult } from './decide-tests.ts'

type ResultsContext = ArtifactContext & {
  /** Masks secrets. */
  redact: (text: string) => string
  recorder: Pick<RunRecorder, 'time' | 'recordLater'>
}

/** How a command ended. `since`: when it began, by `momentOnDisk`, if it writes test reports. */
type EndedCommand = {
  exit: Exit
  reason: string | null
  /** Advice about a failure. */
  advice: string | null
  output: CommandOutput
  since: bigint | null
}

/**
 * Reads the test reports that a command has written, finds the cause of its failure, and packs its artifacts. Returns how the job ends.
 * All of that is loaded on demand, because most jobs do not need it.
 * @throws UserError if an artifact cannot be packed
 */
export async function leaveResults(
  context: ResultsContext,
  ref: BuildRef & { job: JobRef },
  job: AssignedJob,
  ended: EndedCommand,
): Promise<RunEnd> {
  const { recorder } = context
  const { exit } = ended
  const conclude = () => concluded(context, ref, job, ended)
  const { conclusion, reason, counts, first, ran } = await (job.tests
    ? recorder.time('tests', conclude)
    : conclude())
  if (counts) recorder.recordLater({ tests: counts, ...(ran !== undefined && { ran }) })
  const named = conclusion === 'failed' ? await explained(context, { ...ended, first }) : null
  if (job.artifacts.length > 0) {
    const { leaveArtifacts } = await import('./exchange-artifacts.ts')
    const artifacts = await leaveArtifacts(context, ref, job, conclusion === 'passed')
    recorder.recordLater({ artifacts })
  }
  return runEnd(conclusion, { exit, reason: named ?? reason })
}

/** Records the cause of a command's failure. Returns it as a sentence if only the output names it. */
async function explained(
  { sandbox, recorder, redact, logLine }: ResultsContext,
  command: Pick<EndedCommand, 'exit' | 'output' | 'advice'> & Pick<ReadTests, 'first'>,
): Promise<string | null> {
  const { explainFailure } = await import('./explain-failure.ts')
  const { failure, reason } = explainFailure(command, { workspace: sandbox.workspace, redact })
  if (failure) recorder.recordLater({ failure })
  for (const line of [reason, command.advice]) if (line !== null) await logLine(line)
  return reason
}

/** Reads reports only if the command ended by itself. After a timeout or a signal, they may be incomplete. */
async function concluded(
  { store, sandbox, signal, logLine, redact }: ResultsContext,
  ref: BuildRef & { job: JobRef },
  { tests, files }: AssignedJob,
  { exit, reason, since }: Omit<EndedCommand, 'output' | 'advice'>,
): Promise<JobResult & ReadTests> {
  if (tests === null || since === null || exit.kind !== 'exited')
    return { conclusion: succeeded(exit) ? 'passed' : 'failed', reason, counts: null, first: null }
  const { concludeTests } = await import('./conclude-tests.ts')
  const context = { store, workspace: sandbox.workspace, signal, redact, logLine }
  return concludeTests(context, ref, { tests, files }, { exit, reason, since })
}
