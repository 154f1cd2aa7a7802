import { access, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

const LIMIT_MS = 5 * 60_000
const MOST_BYTES = 1024 * 1024

/** The script of a smoke test, the directory in which it may write, and the system's PATH. */
export type SmokeTest = { script: string; sandbox: string; path: string }

/** Runs the script with the environment of commands, in a new home, so that nothing left by a build is read. */
export async function runSmokeTest({
  script,
  sandbox,
  path,
}: SmokeTest): Promise<{ exitCode: number | null; lines: string[] }> {
  const isThere = await access(script).then(
    () => true,
    () => false,
  )
  if (!isThere) return { exitCode: null, lines: [`This image has no smoke test: ${script} is missing`] }
  await mkdir(sandbox, { recursive: true })
  const home = await mkdtemp(join(sandbox, 'self-test-'))
  try {
    const { exitCode, all, timedOut, shortMessage } = await execa('bash', [script], {
      cwd: home,
      env: { HOME: home, TMPDIR: home, PATH: path, LANG: 'C.UTF-8', SHELL: '/bin/bash' },
      ...{ extendEnv: false, stdin: 'ignore', all: true, reject: false },
      ...{ timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: MOST_BYTES },
    })
    const lines = [...(all ?? '').split('\n').filter(Boolean), ...(timedOut ? [shortMessage ?? ''] : [])]
    return { exitCode: exitCode ?? null, lines }
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}
