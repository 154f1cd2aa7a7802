import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { GitHub, GitHubOptions } from '../../loopback/github/server.ts'
import { UserError } from '../../src/model/user-error.ts'
import type { GitServer } from './serve-git.ts'
import type { Answer, Call, Kind } from './small-process-entry.ts'

export type { GitServer } from './serve-git.ts'

/**
 * A process beside the worker that runs what starts git often. A worker has some hundred megabytes of memory, which each
 * fork maps again: 20 ms in which the worker does nothing else. The small process takes 2.
 */
const child = fork(join(import.meta.dirname, 'small-process-entry.ts'), { execArgv: [] })
const waiting = new Map<number, (answer: Answer) => void>()
let calls = 0

child.on('message', (answer: Answer) => {
  waiting.get(answer.id)?.(answer)
  waiting.delete(answer.id)
  if (waiting.size === 0) child.channel?.unref()
})
child.unref()
child.channel?.unref()

async function call<T>(request: Call): Promise<T> {
  const id = ++calls
  const answered = new Promise<Answer>(resolve => waiting.set(id, resolve))
  child.channel?.ref()
  child.send({ id, ...request })
  const { value, error } = await answered
  if (error) throw error.isForUser ? new UserError(error.message) : new Error(error.message)
  return value as T
}

/** Starts a server in the small process. Returns its plain properties, and `invoke` for its methods. */
async function open<T>(kind: Kind, options: unknown) {
  const { server, properties } = await call<{ server: number; properties: T }>({
    name: 'open',
    kind,
    options,
  })
  const invoke = (method: string, ...args: unknown[]) => call<void>({ name: 'invoke', server, method, args })
  return { properties, invoke }
}

/** As `startGitHub` of the local GitHub. */
export async function startGitHub(options: GitHubOptions): Promise<GitHub> {
  const { properties, invoke } = await open<Pick<GitHub, 'url' | 'apiUrl'>>('github', options)
  return {
    ...properties,
    setWebhook: webhook => invoke('setWebhook', webhook),
    receive: push => invoke('receive', push),
    close: () => invoke('close'),
  }
}

/** As `startGitServer` of `serve-git.ts`. */
export async function startGitServer(root: string): Promise<GitServer> {
  const { properties, invoke } = await open<Pick<GitServer, 'url'>>('git', root)
  return { ...properties, behave: behaviour => invoke('behave', behaviour), close: () => invoke('close') }
}

/**
 * Runs git with exactly this environment. Returns its output without the last newline.
 * @throws Error with git's error output
 */
export const runGit = (cwd: string, args: string[], env: Record<string, string>): Promise<string> =>
  call<string>({ name: 'git', cwd, args, env })
