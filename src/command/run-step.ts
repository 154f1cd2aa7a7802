import type { CommandOutput } from '../model/command-output.ts'
import { type Exit, reasonOfExit, shortCommand, succeeded } from '../model/exit.ts'
import type { LogPhase } from '../model/log-outline.ts'
import type { ShellText } from '../planning/planned-job.ts'
import { describeBackgroundEnd } from './background-output.ts'
import { explainMissingCredentials } from './missing-credentials.ts'
import type { PreparedOutput } from './output-pipe.ts'
import { runCommands } from './run-commands.ts'

/** How much of the end of the output is searched for the cause of a failure, in bytes. */
const TAIL_BYTES = 64 * 1024

/** Commands that pass on an exit code, such as `code=$?` and `exit $code`: the output before them explains it. */
const PASSING_ON = /^(?:[A-Za-z_]\w*=[^\s()`;]*|\(?exit(?:\s+[^\s()`;]+)?\)?);?$/

export type StepContext = {
  directory: string
  /** The command's complete environment. */
  env: Record<string, string>
  /** The latest moment at which the command is stopped, in ms since 1970. */
  deadline: number
  /** From SIGTERM to SIGKILL, in ms. */
  graceMs: number
  /** Stops the command earlier. */
  signal?: AbortSignal
  output?: PreparedOutput
}

/** Receives a step's output and the runner's own lines. */
export type StepLog = {
  writeLine(line: string): Promise<void>
  write(bytes: Uint8Array): Promise<void>
  beginPhase(name: LogPhase): Promise<void>
  redact(text: string): string
  /** As `beginPhase`, with a line of the runner. The output that counts starts again here, unless it `keepsOutput`. */
  beginCommand(name: LogPhase, line: string, keepsOutput: boolean): Promise<void>
  /** Returns the output of `work`. */
  recordOutput<T>(work: () => Promise<T>): Promise<T & { output: CommandOutput }>
}

/** The end of a step. `reason` explains a failure in one line, and is null without one; `advice`: the fix, if it is known. */
export type StepEnd = { exit: Exit; reason: string | null; advice: string | null; output: CommandOutput }

/** The commands of a job or a deploy. */
export type Step = ShellText & { name: 'command' | 'deploy'; timeoutSeconds: number | null }

/**
 * Runs a step's commands. Logs each before its output, and their end, without the advice. The returned output is that of the last command
 * that ran, as is the reason if that command is certain.
 */
export async function runStep(
  { name, timeoutSeconds, ...text }: Step,
  { directory, env, deadline, graceMs, signal, output: prepared }: StepContext,
  log: StepLog,
): Promise<StepEnd> {
  const limit = timeoutSeconds === null ? Number.POSITIVE_INFINITY : Date.now() + timeoutSeconds * 1000
  const { command } = text
  const { exit, background, last, output } = await log.recordOutput(() =>
    runCommands(text, {
      cwd: directory,
      env,
      deadline: Math.min(limit, deadline),
      graceMs,
      signal,
      output: prepared,
      onCommand: ({ kind, command, isFirst }) =>
        log.beginCommand(
          kind === 'setup' ? 'setup' : name,
          `$ ${command}`,
          !isFirst && PASSING_ON.test(command.trim()),
        ),
      onOutput: bytes => log.write(bytes),
    }),
  )
  await log.beginPhase('results')
  const missing = describeBackgroundEnd(background)
  if (missing !== null) await log.writeLine(missing)
  const reason = reasonOfExit(log.redact(last?.command ?? command), exit)
  await log.writeLine(reason ?? `${shortCommand(log.redact(command))} ended with exit code 0`)
  // A deploy has already given this advice.
  const advice =
    succeeded(exit) || name === 'deploy' ? null : explainMissingCredentials(output.tail(TAIL_BYTES), env)
  return { exit, reason, advice, output }
}
