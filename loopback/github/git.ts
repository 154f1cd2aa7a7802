import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../src/model/user-error.ts'
import { runProgram } from './run-program.ts'

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
  const run = (repository: string, args: string[], input = '') =>
    runProgram(path, [`--git-dir=${repository}`, ...args], { cwd: directory, env: environment, input })
  return {
    backend,
    environment,
    text: async (...call) => (await run(...call)).toString('utf8'),
    bytes: run,
    succeeds: (repository, args) =>
      run(repository, args).then(
        () => true,
        () => false,
      ),
  }
}

/** Creates an empty bare repository. An existing one is kept unchanged. */
export async function initRepository(git: Git, directory: string): Promise<void> {
  await git.text(directory, ['init', '--bare', '--quiet', '--template=', '--initial-branch=main'])
}

/** Some systems package git without its HTTP server. Checking at the start beats failing at the first push. */
async function findBackend(path: string): Promise<string> {
  try {
    const env = { PATH: process.env.PATH ?? '/usr/bin:/bin' }
    const output = await runProgram(path, ['--exec-path'], { cwd: '/', env })
    const backend = join(output.toString('utf8').trim(), 'git-http-backend')
    await access(backend)
    return backend
  } catch {
    throw new UserError(
      `The local GitHub needs \`git http-backend\`, but \`${path}\` is missing or lacks it. Install the full git package.`,
    )
  }
}
