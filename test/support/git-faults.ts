import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'

/**
 * What happens to a request of git. A number or an object answers it with that status; `reset` and `empty` end the
 * connection before the answer; `cut` ends it, with a reset, in the middle of the answer; `truncate` ends the answer
 * early, as if it were complete; `corrupt` changes bytes in its middle; `silence` never answers; `stall` stops in the
 * middle of the answer; a function is called before the request is forwarded.
 */
export type GitFault =
  | number
  | { status: number; text: string; headers?: Record<string, string> }
  | 'reset'
  | 'empty'
  | 'cut'
  | 'truncate'
  | 'corrupt'
  | 'silence'
  | 'stall'
  | (() => Promise<unknown>)

/** Which requests: the first of a fetch (`info`), those after it (`pack`), or those whose answer is large (`large`). */
export type GitPhase = 'info' | 'pack' | 'large'

/** In bytes: larger than the answer that lists refs. */
const LARGE = 1000

type Rule = { fault: GitFault; phase: GitPhase; times: number }

const isGit = (url = '') => url.includes('.git/')

/** A proxy in front of a server, where git's requests fail as networks and servers do. */
export async function startGitFaults(target = '') {
  let to = target
  let rules: Rule[] = []
  let authorizations: (string | undefined)[] = []
  const next = (phases: readonly GitPhase[]): GitFault | undefined => {
    const rule = rules.find(({ phase, times }) => times > 0 && phases.includes(phase))
    if (rule) rule.times -= 1
    return rule?.fault
  }
  const server = createServer((incoming, response) => {
    if (incoming.method === 'GET' && isGit(incoming.url)) authorizations.push(incoming.headers.authorization)
    void serve(to, next, incoming, response).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setTarget: (url: string) => {
      to = url
    },
    /** The next `times` requests of the phase fail like this. Forgets what was before. */
    fail: (fault: GitFault, phase: GitPhase = 'info', times = 1) => {
      rules = [{ fault, phase, times }]
      authorizations = []
    },
    /** The `Authorization` of each fetch since then. */
    fetches: () => authorizations,
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function serve(
  target: string,
  next: (phases: readonly GitPhase[]) => GitFault | undefined,
  incoming: IncomingMessage,
  response: ServerResponse,
) {
  const { method, url, headers } = incoming
  const body = await buffer(incoming)
  const before = isGit(url) ? next([method === 'POST' ? 'pack' : 'info']) : undefined
  if (typeof before === 'function') await before()
  else if (before !== undefined) return refuse(before, incoming.socket, response)
  const forwarded = request(`${target}${url}`, { ...(method && { method }), headers })
  forwarded.end(body)
  const [answer] = (await once(forwarded, 'response')) as [IncomingMessage]
  const bytes = await buffer(answer)
  const { 'transfer-encoding': _, ...kept } = answer.headers
  const fault = isGit(url) && method === 'POST' && bytes.length > LARGE ? next(['large']) : undefined
  if (fault === undefined) response.writeHead(answer.statusCode ?? 502, kept).end(bytes)
  else spoil(fault, bytes, kept, response)
}

function refuse(fault: GitFault, socket: Socket, response: ServerResponse) {
  if (fault === 'reset') socket.resetAndDestroy()
  else if (fault === 'empty') socket.destroy()
  else if (typeof fault === 'number') response.writeHead(fault, CHALLENGE).end()
  else if (typeof fault === 'object') {
    const type = { 'content-type': 'text/plain; charset=utf-8' }
    response.writeHead(fault.status, { ...CHALLENGE, ...type, ...fault.headers }).end(`${fault.text}\n`)
  } else if (fault !== 'silence') throw new Error(`${fault} needs an answer`)
}

const CHALLENGE = { 'www-authenticate': 'Basic realm="GitHub"' }

function spoil(
  fault: GitFault,
  bytes: Buffer,
  headers: Record<string, string | string[] | undefined>,
  response: ServerResponse,
) {
  const half = bytes.subarray(0, bytes.length / 2)
  if (fault === 'truncate') response.writeHead(200, headers).end(half)
  else if (fault === 'corrupt') {
    const changed = Buffer.from(bytes)
    changed.fill(0xff, half.length, half.length + 200)
    response.writeHead(200, headers).end(changed)
  } else {
    response.writeHead(200, { ...headers, 'content-length': bytes.length })
    response.write(half, () => fault === 'cut' && response.socket?.resetAndDestroy())
  }
}
