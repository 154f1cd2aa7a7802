import { appendFile, cp, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { ROOT } from '../../src/cli/installation.ts'
import { UserError } from '../../src/model/user-error.ts'
import type { BuildRef } from '../../src/records/keys.ts'

export const EXAMPLE = 'example/hello'

/** Ignores the user's git settings: no signing, no hooks, no proxy for loopback. */
const GIT_ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'lambci local',
  GIT_AUTHOR_EMAIL: 'local@localhost',
  GIT_COMMITTER_NAME: 'lambci local',
  GIT_COMMITTER_EMAIL: 'local@localhost',
  NO_PROXY: '127.0.0.1',
  no_proxy: '127.0.0.1',
}

/**
 * Commits to the example repository, which it creates the first time, and pushes it.
 * @returns the build that the push starts
 * @throws UserError if git fails.
 */
export async function pushExample(
  directory: string,
  githubUrl: string,
  buildOf: (commit: string) => Promise<BuildRef>,
): Promise<BuildRef> {
  const path = join(directory, 'example')
  const remote = `${githubUrl}/${EXAMPLE}.git`
  const { PATH = '', HOME = '/' } = process.env
  const git = async (...args: string[]) => {
    const env = { ...GIT_ENVIRONMENT, PATH, HOME }
    const { failed, stdout, stderr } = await execa('git', args, {
      cwd: path,
      env,
      extendEnv: false,
      reject: false,
    })
    if (!failed) return stdout
    throw new UserError(
      `The example in ${path} could not be pushed. Git reported: "${lastLine(stderr)}". Fix it and start again.`,
    )
  }
  const exists = await stat(join(path, '.git')).catch(() => null)
  if (!exists) {
    await mkdir(path, { recursive: true })
    await cp(join(ROOT, 'loopback', 'example'), path, { recursive: true })
    await git('init', '--quiet', '--initial-branch=master')
  }
  // Keeps pushes by others in the meantime. An interrupted first start has pushed nothing.
  const isPushed = exists && (await fetch(`${remote}/info/refs?service=git-upload-pack`)).ok
  if (isPushed) await git('pull', '--quiet', '--no-rebase', '--no-edit', '-X', 'ours', remote, 'master')
  await appendFile(join(path, 'visits.txt'), `Started on ${new Date().toISOString()}\n`)
  await git('add', '--all')
  await git('commit', '--quiet', '--message', exists ? 'Count another visit' : 'Greet everyone')
  // Start watching before the push, because the build may start before the push returns.
  const build = buildOf(await git('rev-parse', 'HEAD'))
  await git('push', '--quiet', remote, 'HEAD:refs/heads/master')
  return build
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? ''
