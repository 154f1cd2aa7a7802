import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { type Options as ExecaOptions, execa } from 'execa'
import { vi } from 'vitest'
import { run } from '../../src/cli/cli.ts'

export const LAMBCI = join(import.meta.dirname, '..', '..', 'bin', 'lambci.js')

// Without it, the AWS SDK looks for credentials on the network.
process.env.AWS_EC2_METADATA_DISABLED = 'true'

let running = 0
let hasStubs = false

/**
 * Runs the command line in this process, without a terminal, as a script would. The variables in `env` are set for the
 * whole process (undefined: they are not) until the command ends, because the AWS SDK and git read them there.
 * @throws Error if a command with `env` would run at the same time as another one
 */
export async function lambci(
  args: readonly string[],
  { input = '', env }: { input?: string; env?: Record<string, string | undefined> } = {},
) {
  if (hasStubs || (env && running > 0)) throw new Error('A command with `env` must be the only one')
  running += 1
  hasStubs = env !== undefined
  for (const [name, value] of Object.entries(env ?? {})) vi.stubEnv(name, value)
  const [stdout, stderr] = [new Output(), new Output()]
  try {
    const stdin = Readable.from([Buffer.from(input)])
    const exitCode = await run(args, { stdin, stdout, stderr, env: process.env })
    return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    running -= 1
    if (hasStubs) vi.unstubAllEnvs()
    hasStubs = false
  }
}

/** Runs the command line in a process of its own, for what only a process shows: its start, signals and pipes. `flags` are those of Node. */
export async function spawnLambci(
  args: readonly string[],
  options: ExecaOptions & { flags?: string[] } = {},
) {
  const { flags = [], ...rest } = options
  const { exitCode, stdout, stderr } = await execa(process.execPath, [...flags, LAMBCI, ...args], {
    reject: false,
    stdin: 'ignore',
    ...rest,
  })
  return { exitCode, stdout: String(stdout), stderr: String(stderr) }
}

/** Collects what is written. */
class Output extends Writable {
  readonly #chunks: Uint8Array[] = []

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, written: () => void) {
    this.#chunks.push(chunk)
    written()
  }

  /** Without the last line break, as shells and execa return it. */
  text = () => Buffer.concat(this.#chunks).toString('utf8').replace(/\n$/, '')
}
