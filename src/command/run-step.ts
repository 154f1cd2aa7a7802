import { randomBytes } from 'node:crypto'
import type { CommandOutput } from '../model/command-output.ts'
import { type Exit, reasonOfExit, shortCommand, succeeded } from '../model/exit.ts'
import type { LogPhase } from '../model/log-outline.ts'
import type { ShellText } from '../planning/planned-job.ts'
import { shellTextOf } from '../planning/shell-text.ts'
import { describeBackgroundEnd } from './background-output.ts'
import { SeamFinder } from './find-seam.ts'
import { explainMissingCredentials } from './missing-credentials.ts'
import type { PreparedOutput } from './output-pipe.ts'
import { runCommand } from './run-command.ts'

/** How much of the end of the output is searched for why a command failed, in bytes. */
const TAIL_BYTES = 64 * 1024

export type StepContext = {
  directory: string
  /** The command's complete environment. */
  env: Record<string, string>
  /** The latest time at which the command is stopped, in ms since 1970. */
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
  /** As `beginPhase` with a line of the runner, while output is recorded: from here on. */
  beginCommand(name: LogPhase, line: string): Promise<void>
  /** Returns what `work` has written as output. */
  recordOutput<T>(work: () => Promise<T>): Promise<T & { output: CommandOutput }>
}

/** How a step ended. `reason` explains in one line why it failed, and is null if it did not; `advice`: what to do about it, if that is known. */
export type StepEnd = { exit: Exit; reason: string | null; advice: string | null; output: CommandOutput }

/** What a job or a deploy runs. */
export type Step = ShellText & { name: 'command' | 'deploy'; timeoutSeconds: number | null }

/**
 * Runs a step's command. Logs the command, its output, and how it ended, without the advice. A `setup` is logged like a command before
 * it; the output that is returned is that of the last one that ran.
 */
export async function runStep(
  { name, timeoutSeconds, ...text }: Step,
  { directory, env, deadline, graceMs, signal, output: prepared }: StepContext,
  log: StepLog,
): Promise<StepEnd> {
  const limit = timeoutSeconds === null ? Number.POSITIVE_INFINITY : Date.now() + timeoutSeconds * 1000
  const { command, setup } = text
  await log.beginPhase(name)
  await log.writeLine(`$ ${setup ?? command}`)
  const mark = ['lambci', randomBytes(16).toString('hex')] as const
  const write = (bytes: Uint8Array) => log.write(bytes)
  const seam =
    setup === null ? null : new SeamFinder(mark.join(''), write, () => log.beginCommand(name, `$ ${command}`))
  const { exit, background, output } = await log.recordOutput(async () => {
    const end = await runCommand({
      command: shellTextOf(text, mark),
      cwd: directory,
      env,
      deadline: Math.min(limit, deadline),
      graceMs,
      signal,
      output: prepared,
      onOutput: bytes => (seam ? seam.add(bytes) : write(bytes)),
    })
    await seam?.end()
    return end
  })
  await log.beginPhase('results')
  const missing = describeBackgroundEnd(background)
  if (missing !== null) await log.writeLine(missing)
  const redacted = log.redact(command)
  const reason = reasonOfExit(redacted, exit)
  await log.writeLine(reason ?? `${shortCommand(redacted)} ended with exit code 0`)
  // Of a deploy, it has been said before.
  const advice =
    succeeded(exit) || name === 'deploy' ? null : explainMissingCredentials(output.tail(TAIL_BYTES), env)
  return { exit, reason, advice, output }
}
