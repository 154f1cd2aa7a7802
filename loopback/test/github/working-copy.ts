import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runGit } from '../../../test/support/small-process.ts'

const identity = (kind: string) => ({
  [`GIT_${kind}_NAME`]: 'A Name',
  [`GIT_${kind}_EMAIL`]: 'a-name@users.noreply.github.com',
})
const env = {
  PATH: process.env.PATH ?? '',
  HOME: tmpdir(),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  ...identity('AUTHOR'),
  ...identity('COMMITTER'),
}

/** Runs git in a directory and returns its output. Throws with git's error output. */
export const git = (directory: string, ...args: string[]): Promise<string> => runGit(directory, args, env)

const directories: string[] = []

export async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lambci-github-'))
  directories.push(directory)
  return directory
}

/** Call it after all tests of a file. */
export async function removeDirectories(): Promise<void> {
  await Promise.all(directories.splice(0).map(directory => rm(directory, { recursive: true, force: true })))
}

/** Creates a repository on `master` with `url` as its `origin`. */
export async function makeWorkingCopy(url: string) {
  const directory = await makeDirectory()
  const run = (...args: string[]) => git(directory, ...args)
  await run('init', '--quiet', '--initial-branch=master')
  await run('remote', 'add', 'origin', url)
  return {
    directory,
    git: run,
    /** Commits one file and returns the commit's id. */
    commit: async (message: string, file = 'file.txt', content = message) => {
      await writeFile(join(directory, file), content)
      await run('add', '--', file)
      await run('commit', '--quiet', '--allow-empty', '-m', message)
      return run('rev-parse', 'HEAD')
    },
    push: (...refs: string[]) => run('push', '--quiet', 'origin', ...refs),
  }
}
