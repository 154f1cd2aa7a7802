import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { type Options as ExecaOptions, execa } from 'execa'
import { vi } from 'vitest'
import { run } from '../../src/cli/cli.ts'
import type { Io } from '../../src/cli/io.ts'

export const LAMBCI = join(import.meta.dirname, '..', '..', 'bin', 'lambci.js')

// Without it, the AWS SDK looks for credentials on the network.
process.env.AWS_EC2_METADATA_DISABLED = 'true'

// Commands read there which local system was started last: that of whoever runs the tests does not count.
process.env.XDG_STATE_HOME = mkdtempSync(join(process.env.LAMBCI_TEST_ROOT ?? tmpdir(), 'lambci-state-'))
/** A directory without a working copy and without a local system. */
const NOWHERE = process.env.XDG_STATE_HOME

type Setting = {
  input?: string
  env?: Record<string, string | undefined>
  /** Where the command is typed. Default: a directory where nothing is. */
  cwd?: string
  /** Whether standard output and standard error are terminals. */
  isTerminal?: boolean
}

let running = 0
let hasStubs = false

/**
 * Runs the command line in this process, without a terminal, as a script would. The variables in `env` are set for the
 * whole process (undefined: they are not) until the command ends, because the AWS SDK and git read them there.
 * @throws Error if a command with `env` would run at the same time as another one
 */
export const lambci = (args: readonly string[], setting?: Setting) =>
  runInProcess(io => run(args, io), setting)

/** As `lambci`, for one command, whose function returns its exit code. */
export async function runInProcess(
  command: (io: Io) => Promise<number>,
  { input = '', env, cwd, isTerminal = false }: Setting = {},
) {
  if (hasStubs || (env && running > 0)) throw new Error('A command with `env` must be the only one')
  running += 1
  hasStubs = env !== undefined
  for (const [name, value] of Object.entries(env ?? {})) vi.stubEnv(name, value)
  const [stdout, stderr] = [new Output(isTerminal), new Output(isTerminal)]
  try {
    const stdin = Readable.from([Buffer.from(input)])
    const exitCode = await command({ stdin, stdout, stderr, env: process.env, cwd: () => cwd ?? NOWHERE })
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
  readonly isTTY: boolean

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, written: () => void) {
    this.#chunks.push(chunk)
    written()
  }

  /** Without the last line break, as shells and execa return it. */
  text = () => Buffer.concat(this.#chunks).toString('utf8').replace(/\n$/, '')
}
