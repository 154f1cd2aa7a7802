import { execFileSync } from 'node:child_process'
import { execa } from 'execa'

/** The files that Lambda's /dev has: neither `fd` nor `shm`. https://github.com/aws/aws-lambda-base-images/issues/132 */
const SETUP = `set -e
dev=$(mktemp -d)
mount -t tmpfs tmpfs "$dev"
for name in null zero full random urandom; do : > "$dev/$name"; mount --bind "/dev/$name" "$dev/$name"; done
ln -s /proc/self/fd/0 "$dev/stdin"; ln -s /proc/self/fd/1 "$dev/stdout"; ln -s /proc/self/fd/2 "$dev/stderr"
mount --rbind "$dev" /dev
mount -t tmpfs tmpfs /opt
exec "$@"`

/** Null if this machine can show commands another /dev; else why not. */
export function whyNoLambdaDev(): string | null {
  if (process.platform !== 'linux') return 'mount namespaces are Linux’s'
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/opt'], { stdio: 'ignore' })
    return null
  } catch {
    return 'only root may mount'
  }
}

/**
 * Runs a program with Lambda's /dev and an empty /opt, which only it and its children see.
 * @param prepare a script that runs there before it, as root
 */
export async function inLambdaDev(
  prepare: string,
  program: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
) {
  const args = lambdaDev(prepare, program)
  const { exitCode, stdout, stderr } = await execa('unshare', args, { reject: false, ...options })
  return { exitCode, stdout, stderr }
}

/** The same as arguments of `unshare`. */
export const lambdaDev = (prepare: string, program: readonly string[]) => [
  ...['-m', 'sh', '-c', SETUP, 'sh', 'sh', '-ec', `${prepare}\nexec "$@"`, 'sh'],
  ...program,
]
