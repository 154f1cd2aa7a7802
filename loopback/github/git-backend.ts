import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Git } from './git.ts'
import type { SideBand } from './side-band.ts'

/** Idle clients are disconnected after this time. Git itself sends a keep-alive every 5 s. */
const IDLE_TIMEOUT_MS = 120_000

export type GitRequest = {
  directory: string
  operation: string
  query: string
  /** For a push that gets messages: it holds back the end of the body, which the caller sends. */
  sideBand?: SideBand | null
}

/**
 * Serves a request with `git http-backend`, streaming both ways. Resolves when all of git's processes have exited.
 * Leaves the response open, so that the client of a push waits until the caller has recorded its effects.
 * https://git-scm.com/docs/git-http-backend
 */
export async function serveGit(
  git: Git,
  { directory, operation, query, sideBand = null }: GitRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = { PATH_TRANSLATED: `${directory}/${operation}`, QUERY_STRING: query }
  const env = { ...git.environment, ...cgiVariables(request), ...target }
  const backend = spawn(git.backend, [], { env, stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(backend, 'close')
  // Awaited below. Until then a failure to start must not be an unhandled rejection.
  ended.catch(() => undefined)
  const gone = new AbortController()
  const terminate = () => {
    gone.abort()
    backend.stdin.destroy()
    // A push that has been received completely still finishes. A fetch has no use without its client.
    if (operation === 'git-upload-pack') backend.kill()
  }
  response.once('close', terminate)
  request.setTimeout(IDLE_TIMEOUT_MS, () => request.destroy())
  // Git may stop reading early, for example when it rejects a push.
  backend.stdin.on('error', () => request.resume())
  request.pipe(backend.stdin)
  if (response.destroyed) terminate()
  await sendResponse(backend.stdout, response, gone.signal, sideBand)
  await ended
  response.off('close', terminate)
}

function cgiVariables({ method = 'GET', headers }: IncomingMessage): Record<string, string> {
  const variables = {
    CONTENT_TYPE: headers['content-type'],
    CONTENT_LENGTH: headers['content-length'],
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    GIT_PROTOCOL: headers['git-protocol'],
  }
  const sent = Object.entries(variables).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value]] : [],
  )
  return {
    ...Object.fromEntries(sent),
    REQUEST_METHOD: method,
    GIT_HTTP_EXPORT_ALL: '1',
    REMOTE_ADDR: '127.0.0.1',
  }
}

/** Sends the CGI headers and body. If the client has disconnected, still drains git's output. */
async function sendResponse(
  output: Readable,
  response: ServerResponse,
  gone: AbortSignal,
  sideBand: SideBand | null,
): Promise<void> {
  let head = Buffer.alloc(0)
  for await (const chunk of output) {
    if (gone.aborted) continue
    let body: Buffer = chunk
    if (!response.headersSent) {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) continue
      writeHead(head.subarray(0, end).toString('latin1'), response)
      body = head.subarray(end + 4)
    }
    if (sideBand) body = sideBand.push(body)
    if (!response.write(body)) await once(response, 'drain', { signal: gone }).catch(() => undefined)
  }
  if (!response.headersSent && !gone.aborted) response.writeHead(502)
}

function writeHead(head: string, response: ServerResponse): void {
  let status = 200
  for (const line of head.split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]+): *(.*)$/.exec(line) ?? []
    if (name === 'Status') status = Number.parseInt(value, 10)
    else if (name) response.setHeader(name, value)
  }
  response.writeHead(status)
}
