import { runGit } from './small-process.ts'

export { type GitServer, startGitServer } from './small-process.ts'

/** Runs git in a directory, with an invented committer and without any user configuration. */
export const git = (cwd: string, ...args: string[]): Promise<string> => gitWith('', cwd, ...args)

/** As `git`, with this standard input. */
export async function gitWith(input: string, cwd: string, ...args: string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: cwd,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@example.com',
  }
  return (await runGit(cwd, args, env, input)).trim()
}
