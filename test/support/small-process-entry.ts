import { runProgram } from '../../loopback/github/run-program.ts'
import { type GitHubOptions, startGitHub } from '../../loopback/github/server.ts'
import { UserError } from '../../src/model/user-error.ts'
import { startGitServer } from './serve-git.ts'

/** What the worker asks of the small process (small-process.ts). */
export type Call =
  | { name: 'open'; kind: Kind; options: unknown }
  | { name: 'invoke'; server: number; method: string; args: unknown[] }
  | { name: 'git'; cwd: string; args: string[]; env: Record<string, string> }
export type Answer = { id: number; value?: unknown; error?: { message: string; isForUser: boolean } }
export type Kind = keyof typeof OPEN

const OPEN = {
  github: (options: unknown) => startGitHub(options as GitHubOptions),
  git: (options: unknown) => startGitServer(options as string),
}
const servers = new Map<number, object>()

async function perform(call: Call, id: number): Promise<unknown> {
  switch (call.name) {
    case 'open': {
      const server = await OPEN[call.kind](call.options)
      servers.set(id, server)
      const properties = Object.entries(server).filter(([, value]) => typeof value === 'string')
      return { server: id, properties: Object.fromEntries(properties) }
    }
    case 'invoke': {
      const server = servers.get(call.server)
      return await (server as Record<string, (...args: unknown[]) => unknown>)[call.method]?.(...call.args)
    }
    case 'git':
      return (await runProgram('git', call.args, call)).toString('utf8').replace(/\n$/, '')
  }
}

process.on('message', ({ id, ...call }: Call & { id: number }) => {
  const send = (answer: Omit<Answer, 'id'>) => process.send?.({ id, ...answer })
  perform(call as Call, id).then(
    value => send({ value }),
    (error: Error) => send({ error: { message: error.message, isForUser: error instanceof UserError } }),
  )
})
process.on('disconnect', () => process.exit())
