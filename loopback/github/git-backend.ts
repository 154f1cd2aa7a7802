import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Git } from './git.ts'

/** A client that says nothing for so long is gone (ms); git itself sends a sign of life every 5 s. */
const SILENCE_MS = 120_000

export type GitRequest = { directory: string; operation: string; query: string }

/**
 * Lets `git http-backend` answer a request, streamed both ways; gives back when all of git's processes have
 * ended. The response is left open, so that whoever pushes sees the end only when all effects are there.
 * https://git-scm.com/docs/git-http-backend
 */
export async function serveGit(
  git: Git,
  { directory, operation, query }: GitRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = { PATH_TRANSLATED: `${directory}/${operation}`, QUERY_STRING: query }
  const env = { ...git.environment, ...cgiVariables(request), ...target }
  const backend = spawn(git.path, ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(backend, 'close')
  // Awaited below; until then a failure to start must not count as unhandled.
  ended.catch(() => undefined)
  const gone = new AbortController()
  const terminate = () => {
    gone.abort()
    backend.stdin.destroy()
    // A push that has arrived whole goes on to its end; a fetch is of no use to anybody now.
    if (operation === 'git-upload-pack') backend.kill()
  }
  response.once('close', terminate)
  request.setTimeout(SILENCE_MS, () => request.destroy())
  // git may stop reading early, for example when it refuses a push.
  backend.stdin.on('error', () => request.resume())
  request.pipe(backend.stdin)
  if (response.destroyed) terminate()
  await answer(backend.stdout, response, gone.signal)
  await ended
  response.off('close', terminate)
}

function cgiVariables({ method = 'GET', headers }: IncomingMessage): Record<string, string> {
  const given = {
    CONTENT_TYPE: headers['content-type'],
    CONTENT_LENGTH: headers['content-length'],
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    GIT_PROTOCOL: headers['git-protocol'],
  }
  const sent = Object.entries(given).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value]] : [],
  )
  return {
    ...Object.fromEntries(sent),
    REQUEST_METHOD: method,
    GIT_HTTP_EXPORT_ALL: '1',
    REMOTE_ADDR: '127.0.0.1',
  }
}

/** Sends the CGI head as HTTP's and then the body; reads on to the end when nobody listens any more. */
async function answer(output: Readable, response: ServerResponse, gone: AbortSignal): Promise<void> {
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
