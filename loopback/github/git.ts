import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { UserError } from '../../src/model/user-error.ts'

/** The only configuration that git reads. `refs/pull` can be fetched but not pushed, as on GitHub. */
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
  /** The program that serves git over HTTP. */
  backend: string
  environment: Record<string, string>
  /** Git's standard output. Throws if git fails. */
  text(repository: string, args: string[], input?: string): Promise<string>
  bytes(repository: string, args: string[]): Promise<Uint8Array>
  /** Whether git exits with 0. */
  succeeds(repository: string, args: string[]): Promise<boolean>
}

/**
 * Runs git on bare repositories, isolated from the user's environment and configuration.
 * @throws UserError if git or its `http-backend` is missing.
 */
export async function openGit(directory: string, path: string): Promise<Git> {
  const config = join(directory, 'gitconfig')
  const backend = await findBackend(path)
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
    backend,
    environment,
    text: async (repository, args, input = '') =>
      (await execa(path, all(repository, args), { ...options, input })).stdout,
    bytes: async (repository, args) =>
      (await execa(path, all(repository, args), { ...options, encoding: 'buffer' })).stdout,
    succeeds: async (repository, args) =>
      (await execa(path, all(repository, args), { ...options, reject: false })).exitCode === 0,
  }
}

/** Some systems package git without its HTTP server. Checking at the start beats failing at the first push. */
async function findBackend(path: string): Promise<string> {
  try {
    const { stdout } = await execa(path, ['--exec-path'])
    const backend = join(stdout, 'git-http-backend')
    await access(backend)
    return backend
  } catch {
    throw new UserError(
      `The local GitHub needs \`git http-backend\`, but \`${path}\` is missing or lacks it. Install the full git package.`,
    )
  }
}
