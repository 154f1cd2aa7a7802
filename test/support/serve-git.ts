import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const BACKEND = `${execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim()}/git-http-backend`

export type GitServer = {
  url: string
  /** Changes how the server responds from now on. */
  behave(behaviour: Behaviour): Promise<void>
  close(): Promise<void>
}
export type Behaviour = { password?: string; oldProtocol?: boolean; hang?: boolean }

/** Serves the repositories below `root` with git's own `http-backend`. Tests start it in the small process. */
export async function startGitServer(root: string): Promise<GitServer> {
  let behaviour: Behaviour = {}
  const server = createServer((request, response) => {
    if (behaviour.hang) return
    const { password } = behaviour
    const expected = `Basic ${Buffer.from(`x-access-token:${password}`).toString('base64')}`
    if (password !== undefined && request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
      return
    }
    serve(root, request, response, behaviour.oldProtocol ? undefined : request.headers['git-protocol'])
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave: async next => {
      behaviour = next
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function serve(root: string, request: IncomingMessage, response: ServerResponse, protocol: unknown) {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const backend = spawn(BACKEND, {
    env: {
      PATH: process.env.PATH ?? '',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      ...(typeof protocol === 'string' && { GIT_PROTOCOL: protocol }),
    },
  })
  request.pipe(backend.stdin)
  const chunks: Buffer[] = []
  backend.stdout.on('data', chunk => chunks.push(chunk))
  backend.on('close', () => {
    const output = Buffer.concat(chunks)
    const end = output.indexOf('\r\n\r\n')
    const headers = new Map(
      output
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map(line => line.split(': ', 2) as [string, string]),
    )
    const status = Number.parseInt(headers.get('Status') ?? '200', 10)
    headers.delete('Status')
    response.writeHead(status, Object.fromEntries(headers)).end(output.subarray(end + 4))
  })
}
