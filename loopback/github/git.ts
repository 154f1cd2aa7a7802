import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { UserError } from '../../src/model/user-error.ts'

/** All of git's configuration: nobody else's is read. `refs/pull` can be fetched but not pushed, as on GitHub. */
const CONFIG = `[core]
	hooksPath = /dev/null
	fsmonitor = false
[safe]
	directory = *
[http]
	receivepack = true
[receive]
	hideRefs = refs/pull
	autogc = false
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[gc]
	auto = 0
`

export type Git = {
  path: string
  environment: Record<string, string>
  /** What git prints; throws when it fails. */
  text(repository: string, args: string[], input?: string): Promise<string>
  bytes(repository: string, args: string[]): Promise<Uint8Array>
  /** Whether git exits with 0. */
  succeeds(repository: string, args: string[]): Promise<boolean>
}

/** Git on bare repositories, with an environment and a configuration of its own. */
export async function openGit(directory: string, path: string): Promise<Git> {
  const config = join(directory, 'gitconfig')
  await checkGit(path)
  await mkdir(directory, { recursive: true })
  await writeFile(config, CONFIG)
  const environment = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: directory,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: config,
    GIT_ATTR_NOSYSTEM: '1',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_TERMINAL_PROMPT: '0',
  }
  const options = { cwd: directory, env: environment, extendEnv: false, stripFinalNewline: false } as const
  const all = (repository: string, args: string[]) => [`--git-dir=${repository}`, ...args]
  return {
    path,
    environment,
    text: async (repository, args, input = '') =>
      (await execa(path, all(repository, args), { ...options, input })).stdout,
    bytes: async (repository, args) =>
      (await execa(path, all(repository, args), { ...options, encoding: 'buffer' })).stdout,
    succeeds: async (repository, args) =>
      (await execa(path, all(repository, args), { ...options, reject: false })).exitCode === 0,
  }
}

/** Some systems have git without the part that serves HTTP; better said at the start than at the first push. */
async function checkGit(path: string): Promise<void> {
  try {
    const { stdout } = await execa(path, ['--exec-path'])
    await access(join(stdout, 'git-http-backend'))
  } catch {
    throw new UserError(
      `The local GitHub needs git with its \`http-backend\`, and \`${path}\` is missing or comes without. Install all of git.`,
    )
  }
}
