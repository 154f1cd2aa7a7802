import { join } from 'node:path'
import { execa } from 'execa'

const LAMBCI = join(import.meta.dirname, '..', '..', 'src', 'cli', 'lambci.js')

/** Runs the command line without a terminal, as a script would. */
export async function lambci(
  args: string[],
  { input, env }: { input?: string; env?: Record<string, string> } = {},
) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [LAMBCI, ...args], {
    reject: false,
    env: { AWS_EC2_METADATA_DISABLED: 'true', ...env },
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  })
  return { exitCode, stdout, stderr }
}
