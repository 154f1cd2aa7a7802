import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import type { Exit } from '../model/exit.ts'
import { UserError } from '../model/user-error.ts'
import { type BackgroundEnd, takeBackgroundOutput } from './background-output.ts'
import { hasFilter } from './filters.ts'
import { OutputPipe, type PreparedOutput } from './output-pipe.ts'
import { type LeaderEnd, ProcessGroup } from './process-group.ts'
import { requireProcessSubstitution } from './process-substitution.ts'

/** How long to wait for the rest of the output once the background processes are killed. */
const DRAIN_MS = 300
/** How long to take output of background processes after the shell has ended. */
const BACKGROUND_MS = 5000

export type Command = {
  /** The text for bash, or one that depends on the descriptor to which this process writes output. */
  command: string | ((output: number) => string)
  cwd: string
  /** The complete environment: nothing is inherited from the runner. */
  env: Record<string, string>
  /** When the command is stopped, in ms since 1970; null for never. */
  deadline: number | null
  /** Receives stdout and stderr in the order in which they were written. Reading waits for it, and then overwrites the bytes. */
  onOutput(bytes: Uint8Array): Promise<void>
  /** Time between SIGTERM and SIGKILL (5 s). */
  graceMs?: number
  /** How long output of background processes is taken after the shell has ended (5 s). */
  backgroundMs?: number
  /** Stops the command, as the deadline does. */
  signal?: AbortSignal | undefined
  output?: PreparedOutput | undefined
}

/** A shell that is about to start. */
type Shell = Pick<Command, 'cwd' | 'env'> & { command: string }

export type CommandEnd = { exit: Exit; durationMs: number; background: BackgroundEnd }

/**
 * Runs a command by `bash -c` in its own process group, and returns when it and its output have ended. Then kills children
 * in the background, once they have been silent for a moment, and does not wait for processes that left the group.
 * @throws UserError if the command cannot be started, or if bash lacks process substitution; the error of `onOutput` if that rejects
 */
export async function runCommand(options: Command): Promise<CommandEnd> {
  const { deadline, signal, onOutput, graceMs = 5000, backgroundMs = BACKGROUND_MS } = options
  await requireProcessSubstitution(options.env.PATH ?? '')
  const pipe = await (options.output?.pipe ?? OutputPipe.open())
  try {
    const { fd } = pipe.writer
    const command = typeof options.command === 'string' ? options.command : options.command(fd)
    const shell = { command, cwd: options.cwd, env: options.env }
    requireNoNul(shell)
    const startedAt = performance.now()
    const group = new ProcessGroup(spawnShell(shell, fd as 3), graceMs)
    pipe.watch()
    const stopWatching = watch(group, deadline, signal)
    try {
      const consumed = pipe.consume(onOutput).catch(error => {
        group.stop('consumer')
        return { error }
      })
      const result = await group.ended
      const durationMs = Math.round(performance.now() - startedAt)
      pipe.writer.close()
      const exit = await readExit(result, group, durationMs, shell)
      const background = await takeBackgroundOutput(pipe, {
        limitMs: backgroundMs,
        isTooLate: () => group.stoppedBy !== null || signal?.aborted || isPast(deadline, 0),
        isFiltering: () => group.id !== undefined && hasFilter(group.id),
      })
      group.kill()
      await pipe.drain(DRAIN_MS, () => isTooLate(group, deadline, graceMs))
      const failure = await Promise.race([consumed, sleep(0)])
      if (failure) throw failure.error
      return { exit, durationMs, background }
    } finally {
      stopWatching()
    }
  } finally {
    pipe.close()
  }
}

function requireNoNul({ command, env }: Shell) {
  if ([command, ...Object.entries(env).flat()].some(text => text.includes('\0')))
    throw new UserError(
      'A command and its variables cannot contain NUL characters. Remove them from the configuration.',
    )
}

// `--`: a command may begin with a dash.
// `3`: execa accepts any descriptor, but its type allows only 3 to 9.
const spawnShell = ({ command, cwd, env }: Shell, output: 3) =>
  execa('bash', ['-c', '--', command], {
    cwd,
    env,
    extendEnv: false,
    stdin: 'ignore',
    stdout: output,
    stderr: output,
    buffer: false,
    reject: false,
    // Its own process group, which receives all signals and is killed when the runner ends.
    killDescendants: true,
    forceKillAfterDelay: false,
  })

function watch(group: ProcessGroup, deadline: number | null, signal: AbortSignal | undefined): () => void {
  const abort = () => group.stop('abort')
  const left = deadline === null ? null : Math.min(Math.max(0, deadline - Date.now()), 2 ** 31 - 1)
  const timer = left === null ? undefined : setTimeout(() => group.stop('deadline'), left)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

/** A hanging consumer must not delay the build beyond its deadline. */
const isTooLate = (group: ProcessGroup, deadline: number | null, graceMs: number) =>
  group.stoppedBy !== null || isPast(deadline, graceMs)

const isPast = (deadline: number | null, graceMs: number) =>
  deadline !== null && Date.now() > deadline + graceMs

async function readExit(
  { exitCode, signal, code, shortMessage }: LeaderEnd,
  { stoppedBy }: ProcessGroup,
  durationMs: number,
  { command, cwd, env }: Shell,
): Promise<Exit> {
  // A stopped command's exit code does not count: a trap may exit with 0.
  if (stoppedBy === 'deadline') return { kind: 'timed-out', afterMs: durationMs }
  if (stoppedBy !== null) return { kind: 'signalled', signal: signal ?? 'SIGTERM' }
  if (signal) return { kind: 'signalled', signal }
  if (exitCode !== undefined && !code) return { kind: 'exited', code: exitCode }
  const hasDirectory = await stat(cwd).then(
    found => found.isDirectory(),
    () => false,
  )
  if (!hasDirectory) throw new UserError(`The command's directory ${cwd} does not exist.`)
  if (code === 'ENOENT')
    throw new UserError('bash was not found in PATH. Install it: commands are run by bash.')
  if (code === 'E2BIG') {
    const { explainSize } = await import('./explain-size.ts')
    throw new UserError(explainSize(command, env))
  }
  throw new UserError(`The command could not be started: ${shortMessage ?? code ?? 'unknown reason'}`)
}
