import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

type Message = { channel: string; ts: string; text: string; username: string | null; edited: number }
/** `ok`, one of Slack's error codes, or an HTTP status. */
type Behaviour = (method: string) => 'ok' | number | (string & {})

export type SlackServer = {
  url: string
  messages: Message[]
  calls: string[]
  behave(behaviour: Behaviour): void
  close(): Promise<void>
}

export const SLACK_TOKEN = 'xoxb-a-token-of-these-tests'

/** The methods of Slack's Web API that are used, with its responses. */
export async function startSlack(): Promise<SlackServer> {
  let behaviour: Behaviour = () => 'ok'
  const messages: Message[] = []
  const calls: string[] = []
  const server = createServer(async (request, response) => {
    const method = request.url?.split('/').at(-1) ?? ''
    const body = new URLSearchParams(await text(request))
    const reaction = behaviour(method)
    calls.push(`${method} ${reaction}`)
    if (typeof reaction === 'number') {
      response.writeHead(reaction, { 'retry-after': '1' }).end()
      return
    }
    const isKnown = request.headers.authorization === `Bearer ${SLACK_TOKEN}`
    const error = isKnown ? reaction : 'invalid_auth'
    const answer = error === 'ok' ? execute(method, body, messages) : { ok: false, error }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`,
    messages,
    calls,
    behave: next => {
      behaviour = next
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function execute(method: string, body: URLSearchParams, messages: Message[]) {
  if (method === 'auth.test') return { ok: true, user: 'lambci', team: 'ada' }
  const [attachment] = JSON.parse(body.get('attachments') ?? '[]') as { text: string; color: string }[]
  const content = `${attachment?.color} ${attachment?.text}`
  if (method === 'chat.postMessage') {
    const message = {
      channel: `C-${body.get('channel')}`,
      ts: `1.${messages.length + 1}`,
      text: content,
      username: body.get('username'),
      edited: 0,
    }
    messages.push(message)
    return { ok: true, channel: message.channel, ts: message.ts }
  }
  const message = messages.find(({ channel, ts }) => channel === body.get('channel') && ts === body.get('ts'))
  if (method !== 'chat.update' || !message) return { ok: false, error: 'message_not_found' }
  message.text = content
  message.edited += 1
  return { ok: true, channel: message.channel, ts: message.ts }
}
