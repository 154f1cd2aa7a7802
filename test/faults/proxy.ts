import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What happens to a request: an answer instead of the real one, or none; `lost` is done, and never answered, `silence`
 * neither done nor answered nor refused, `none` is for what happens elsewhere.
 */
export type Fault = number | 'reset' | 'lost' | 'slow' | 'silence' | 'none' | (() => void)

export type Rule = {
  method: string | RegExp
  /** Of the address, and of the body where there is one. */
  address: RegExp
  body?: RegExp
  /** Which of those that match: the first, or all from there on. */
  nth: number
  times: number
  fault: Fault
  /** Asked of each that is due: after how many seconds to come again, 0 where it may pass. */
  waitSeconds?: () => number
  /** A fault that is a function happens before the request is passed on, or after its answer has come. */
  when?: 'before' | 'after'
  seen: number
}

/** Stands between the functions and a server, and lets everything pass but for what its rules say. */
export async function startProxy(rules: readonly Rule[]) {
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
    if (fault === 'slow') await sleep(2500)
    if (typeof fault === 'function' && when === 'before') {
      fault()
      return void incoming.socket.destroy()
    }
    const answer = await pass(target, incoming, body)
    const text = await buffer(answer)
    if (typeof fault === 'function' && when === 'after') fault()
    if (fault === 'lost') return void incoming.socket.destroy()
    // Node has decoded the framing: a body that is all there has its own length.
    const { 'transfer-encoding': _, ...headers } = answer.headers
    response.writeHead(answer.statusCode ?? 502, headers).end(incoming.method === 'HEAD' ? undefined : text)
  }
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    aim: (url: string) => {
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

/** SNS is spoken to in forms. */
function readable(body: Buffer): string {
  const text = body.toString()
  return text.startsWith('Action=') || text.includes('&Action=')
    ? decodeURIComponent(text.replaceAll('+', ' '))
    : text
}

/** The host stays as the client has it: it is part of what it has signed. */
async function pass(target: string, { method, url, headers }: IncomingMessage, body: Buffer) {
  const { 'transfer-encoding': _, ...kept } = headers
  const passed = request(`${target}${url}`, {
    ...(method && { method }),
    headers: { ...kept, 'content-length': body.length },
  })
  passed.end(body)
  const [answer] = (await once(passed, 'response')) as [IncomingMessage]
  return answer
}

const CODES: Record<number, string> = {
  409: 'ConditionalRequestConflict',
  500: 'InternalError',
  503: 'SlowDown',
}

function refuse(response: ServerResponse, status: number, waitSeconds = 1) {
  if (status === 403 || status === 429) return refuseAsGitHub(response, status, waitSeconds)
  const code = `<Code>${CODES[status] ?? 'Fault'}</Code><Message>A fault of the tests</Message>`
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0"?><Error>${code}</Error>`)
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
function refuseAsGitHub(response: ServerResponse, status: number, waitSeconds: number) {
  response
    .writeHead(status, { 'content-type': 'application/json', 'retry-after': String(waitSeconds) })
    .end(JSON.stringify({ message: 'You have exceeded a secondary rate limit.' }))
}
