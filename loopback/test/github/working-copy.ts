import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'maintenance.auto',
  GIT_CONFIG_VALUE_0: 'false',
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
  empty = undefined
  await Promise.all(directories.splice(0).map(directory => rm(directory, { recursive: true, force: true })))
}

let empty: Promise<string> | undefined

/** An empty repository on `master`: to copy it takes no process. */
async function makeEmpty(): Promise<string> {
  const directory = await makeDirectory()
  await git(directory, 'init', '--quiet', '--initial-branch=master', '--template=')
  return directory
}

/** Creates a repository on `master` with `url` as its `origin`. */
export async function makeWorkingCopy(url: string) {
  empty ??= makeEmpty()
  const directory = await makeDirectory()
  await cp(await empty, directory, { recursive: true })
  const origin = `[remote "origin"]\n\turl = ${url}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`
  await appendFile(join(directory, '.git', 'config'), origin)
  const run = (...args: string[]) => git(directory, ...args)
  return {
    directory,
    git: run,
    /** Commits one file and returns the commit's id. */
    commit: async (message: string, file = 'file.txt', content: string | Uint8Array = message) => {
      await writeFile(join(directory, file), content)
      await run('add', '--', file)
      await run('commit', '--quiet', '--allow-empty', '-m', message)
      return headOf(directory)
    },
    push: (...refs: string[]) => run('push', '--quiet', 'origin', ...refs),
  }
}

/** The commit that is checked out, read without a process. */
async function headOf(directory: string): Promise<string> {
  const read = async (name: string) => (await readFile(join(directory, '.git', name), 'utf8')).trim()
  const head = await read('HEAD')
  return head.startsWith('ref: ') ? read(head.slice('ref: '.length)) : head
}
