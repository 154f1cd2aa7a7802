import type { Exit } from '../build/exit.ts'
import { nameOfCommand, reasonOfExit } from '../build/outcome.ts'
import { succeeded } from '../build/result.ts'
import { commandEnvironment, type EnvironmentParts } from '../plan/environment.ts'
import type { Step } from '../plan/plan.ts'
import { runCommand } from './run-command.ts'

/** Where a step runs, and all that its command may know. */
export type Place = Omit<EnvironmentParts, 'step'> & {
  directory: string
  /** By then it has ended; ms since 1970. */
  deadline: number
  /** Stops the command; a deploy is not stopped. */
  signal: AbortSignal
}

/** Whoever keeps what is said. */
export type Voice = {
  say: (line: string) => Promise<void>
  write: (bytes: Uint8Array) => Promise<void>
  redact: (text: string) => string
}

/** Runs one step of a plan, and says how it went. */
export async function runStep(step: Step, place: Place, voice: Voice): Promise<Exit> {
  const { directory, deadline, signal, ...known } = place
  const limit =
    step.timeoutSeconds === null ? Number.POSITIVE_INFINITY : Date.now() + step.timeoutSeconds * 1000
  await voice.say(`$ ${step.command}`)
  const { exit } = await runCommand({
    command: step.command,
    cwd: directory,
    env: commandEnvironment({ ...known, step }),
    deadline: Math.min(limit, deadline),
    ...(step.stage === null && { signal }),
    onOutput: bytes => voice.write(bytes),
  })
  await voice.say(reasonOfStep(step, exit, voice) ?? `${nameOf(step, voice)} ended with exit code 0`)
  return exit
}

/** Why a step did not succeed, in one line; null when it did. */
export const reasonOfStep = (step: Step, exit: Exit, { redact }: Pick<Voice, 'redact'>): string | null =>
  succeeded(exit) ? null : reasonOfExit(redact(step.command), exit)

const nameOf = (step: Step, { redact }: Voice) => nameOfCommand(redact(step.command))
