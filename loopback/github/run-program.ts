import { execFile } from 'node:child_process'

export type ProgramOptions = { cwd: string; env: Record<string, string>; input?: string }

/**
 * Runs a short program with exactly this environment. Returns its output. Node's own function takes a third of execa's time, which matters
 * because a push runs ten programs.
 * @throws Error with the program's error output
 */
export const runProgram = (
  path: string,
  args: readonly string[],
  { cwd, env, input = '' }: ProgramOptions,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { cwd, env, encoding: 'buffer', maxBuffer: Number.POSITIVE_INFINITY } as const
    const child = execFile(path, args, options, (error, stdout) => (error ? reject(error) : resolve(stdout)))
    // A program may exit without reading its input.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
