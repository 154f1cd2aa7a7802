import { execa } from 'execa'

/**
 * Runs our own short script in a shell, with only a PATH. `stdout` is null if it failed or took too long.
 * @param shell a name that is found in the PATH, or a file
 */
export async function probeShell(
  shell: string,
  args: readonly string[],
  { path, timeoutMs }: { path: string; timeoutMs: number },
): Promise<{ stdout: string | null; isMissing: boolean }> {
  const { stdout, failed, code } = await execa(shell, args, {
    env: { PATH: path },
    extendEnv: false,
    stdin: 'ignore',
    stderr: 'ignore',
    timeout: timeoutMs,
    reject: false,
  })
  return { stdout: failed ? null : stdout, isMissing: code === 'ENOENT' }
}
