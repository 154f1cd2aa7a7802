import { existsSync, realpathSync } from 'node:fs'
import { UserError } from '../model/user-error.ts'
import { probeShell } from './probe-shell.ts'

const PROBE = 'while read -r line; do echo "$line"; done < <(echo works)'
const LIMIT_MS = 10_000

/** The shells that failed, by PATH. */
const failures = new Map<string, Promise<string[]>>()

/**
 * Lambda has no /dev/fd. There, a loop over `< <(…)` does nothing and passes in a bash that is not patched, so a build would be green
 * without its tests. Tries it once for each PATH, unless /dev/fd shows that it works.
 * @throws UserError if process substitution does not work
 */
export async function requireProcessSubstitution(path: string): Promise<void> {
  if (process.platform !== 'linux' || hasDevFd()) return
  const found = failures.get(path) ?? findFailures(path)
  failures.set(path, found)
  const [shell] = await found
  if (shell === undefined) return
  throw new UserError(
    `Process substitution does not work in ${shell}, because this machine has no /dev/fd: a loop over \`< <(…)\` would do nothing and pass. Run image/patch-dev-fd.sh while the image is built, as docs/image.md shows, or take another bash out of the PATH.`,
  )
}

async function findFailures(path: string): Promise<string[]> {
  // Scripts name /bin/bash in their first line.
  const shells = ['bash', '/bin/bash'].filter(shell => shell === 'bash' || existsSync(shell))
  const results = await Promise.all(shells.map(shell => works(shell, path)))
  return shells.filter((_, index) => results[index] === false)
}

/** Also true if there is no such shell, which the command itself will report. */
async function works(shell: string, path: string): Promise<boolean> {
  const { stdout, isMissing } = await probeShell(shell, ['-c', PROBE], { path, timeoutMs: LIMIT_MS })
  return isMissing || stdout === 'works'
}

function hasDevFd(): boolean {
  try {
    return realpathSync('/dev/fd').startsWith('/proc/')
  } catch {
    return false
  }
}
