import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What happens to a request. A number is a status that replaces the real response; `reset` closes the connection
 * before the request is executed, `lost` after it, `cut` in the middle of the response; `slow` delays it; `silence`
 * neither executes nor answers it and keeps the connection open; `denied` answers as S3 does without a right to the
 * object; `absent` answers as a git server that does not have the commit; `none` forwards it, for faults that happen
 * elsewhere; a function is called (see `when`).
 */
export type Fault =
  | number
  | 'reset'
  | 'lost'
  | 'cut'
  | 'slow'
  | 'silence'
  | 'denied'
  | 'absent'
  | 'none'
  | (() => void)

export type Rule = {
  method: string | RegExp
  /** Matched against the decoded path and query. */
  address: RegExp
  /** Matched against the body, if given. */
  body?: RegExp
  /** The fault applies to `times` matching requests, starting with the `nth` (1 is the first). */
  nth: number
  times: number
  fault: Fault
  /** Called for each request that the fault applies to: seconds for `Retry-After`, or 0 to let the request pass. */
  waitSeconds?: () => number
  /** Whether a fault that is a function is called before the request is forwarded or after the response. */
  when?: 'before' | 'after'
  /** How many requests have matched so far. */
  seen: number
}

/** A proxy between the functions and a server. It forwards every request that no rule applies to. */
export async function startFaultProxy(rules: readonly Rule[]) {
  let target = ''
  const server = createServer(
    (incoming, response) => void serve(incoming, response).catch(() => response.destroy()),
  )
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(incoming)
    const rule = rules.find(each => applies(each, incoming, body))
    const wait = rule?.waitSeconds?.()
    const { fault, when = 'before' } = (wait !== 0 && rule) || {}
    if (typeof fault === 'number') return void refuse(response, fault, wait)
    if (fault === 'reset') return void incoming.socket.destroy()
    if (fault === 'silence') return
    if (fault === 'denied') return void refuseAsS3(response, 403, 'AccessDenied')
    if (fault === 'absent' && isWanting(body)) return void refuseAsGit(response)
    if (fault === 'slow') await sleep(2500)
    if (typeof fault === 'function' && when === 'before') {
      fault()
      return void incoming.socket.destroy()
    }
    const answer = await forward(target, incoming, body)
    const text = await buffer(answer)
    if (typeof fault === 'function' && when === 'after') fault()
    if (fault === 'lost') return void incoming.socket.destroy()
    if (fault === 'cut') return void cut(answer, text, response)
    // Node has already decoded the chunked framing.
    const { 'transfer-encoding': _, ...headers } = answer.headers
    response.writeHead(answer.statusCode ?? 502, headers).end(incoming.method === 'HEAD' ? undefined : text)
  }
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setTarget: (url: string) => {
      target = url
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function applies(rule: Rule, { method = '', url = '' }: IncomingMessage, body: Buffer): boolean {
  const isMethod = rule.method instanceof RegExp ? rule.method.test(method) : rule.method === method
  if (!isMethod || !rule.address.test(decodeURIComponent(url))) return false
  if (rule.body && !rule.body.test(readable(body))) return false
  rule.seen += 1
  return rule.seen >= rule.nth && rule.seen < rule.nth + rule.times
}

/** The body as text; the forms that SNS takes are decoded. */
function readable(body: Buffer): string {
  const text = body.toString()
  return text.startsWith('Action=') || text.includes('&Action=')
    ? decodeURIComponent(text.replaceAll('+', ' '))
    : text
}

/** Keeps the client's `Host` header, which is part of its signature. */
async function forward(target: string, { method, url, headers }: IncomingMessage, body: Buffer) {
  const { 'transfer-encoding': _, ...kept } = headers
  const forwarded = request(`${target}${url}`, {
    ...(method && { method }),
    headers: { ...kept, 'content-length': body.length },
  })
  forwarded.end(body)
  const [answer] = (await once(forwarded, 'response')) as [IncomingMessage]
  return answer
}

/** Whether git wants a commit by its id and does not list refs. */
const isWanting = (body: Buffer) => body.includes('command=fetch')

/** https://git-scm.com/docs/protocol-v2 */
function refuseAsGit(response: ServerResponse) {
  const text = `ERR upload-pack: not our ref ${'0'.repeat(40)}`
  const length = (text.length + 4).toString(16).padStart(4, '0')
  response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' }).end(length + text)
}

function cut({ headers }: IncomingMessage, text: Buffer, response: ServerResponse) {
  const { 'transfer-encoding': _, ...kept } = headers
  response.writeHead(200, { ...kept, 'content-length': text.length })
  response.write(text.subarray(0, text.length / 2), () => response.socket?.resetAndDestroy())
}

const CODES: Record<number, string> = {
  409: 'ConditionalRequestConflict',
  500: 'InternalError',
  503: 'SlowDown',
}

function refuse(response: ServerResponse, status: number, waitSeconds = 1) {
  if (status === 403 || status === 429) return refuseAsGitHub(response, status, waitSeconds)
  refuseAsS3(response, status, CODES[status] ?? 'Fault')
}

function refuseAsS3(response: ServerResponse, status: number, code: string) {
  const error = `<Code>${code}</Code><Message>A fault of the tests</Message>`
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0"?><Error>${error}</Error>`)
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
function refuseAsGitHub(response: ServerResponse, status: number, waitSeconds: number) {
  response
    .writeHead(status, { 'content-type': 'application/json', 'retry-after': String(waitSeconds) })
    .end(JSON.stringify({ message: 'You have exceeded a secondary rate limit.' }))
}
