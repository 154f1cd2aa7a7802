import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import type { InvocationResult } from '../../lambda/invocation-result.ts'
import { serveRuntimeApi } from '../../lambda/runtime-api.ts'

async function open() {
  const taken: string[] = []
  const results: InvocationResult[] = []
  const api = await serveRuntimeApi({
    next: respond => {
      taken.push('an event')
      respond({ requestId: 'r-1', payload: '{}', tenantId: null, deadline: 0, arn: 'arn', traceId: 't' })
    },
    finished: (_, result) => results.push(result) > 0,
    initFailed: () => {},
  })
  onTestFinished(() => api.close())
  return { ...api, taken, results, host: api.address.split('/')[0] ?? '' }
}

// A program that only knows the port, such as a page in a browser or another user's, is not the sandbox's own process.
test('the Runtime API is at a path that is different for each sandbox, and nowhere else', async () => {
  const [one, other] = [await open(), await open()]
  const [secret, another] = [one, other].map(({ address }) => address.split('/')[1] ?? '')
  expect([secret?.length, secret === another]).toEqual([32, false])
  const next = '2018-06-01/runtime/invocation/next'
  const wrong = [
    '',
    `${another}/`,
    `${secret?.slice(1)}/`,
    `${secret}x/`,
    `${secret?.toUpperCase()}/`,
    `/${secret}/`,
  ]
  for (const prefix of wrong) {
    const answer = await fetch(`http://${one.host}/${prefix}${next}`)
    expect([answer.status, prefix]).toEqual([404, prefix])
    expect(await answer.text()).not.toContain(secret)
    const result = await fetch(`http://${one.host}/${prefix}2018-06-01/runtime/invocation/r-1/response`, {
      method: 'POST',
      body: 'null',
    })
    expect(result.status).toBe(404)
  }
  expect([one.taken, one.results]).toEqual([[], []])
  expect((await fetch(`http://${one.address}/${next}`)).headers.get('lambda-runtime-aws-request-id')).toBe(
    'r-1',
  )
  expect(one.taken).toEqual(['an event'])
})

// A runtime waits for its next event for minutes.
test('the Runtime API never closes a connection that waits for the next request', async () => {
  const { address } = await open()
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const ports = new Set<number | undefined>()
  for (let event = 0; event < 3; event++) {
    const [answer] = await once(
      get(`http://${address}/2018-06-01/runtime/invocation/next`, { agent }),
      'response',
    )
    const { headers, socket } = answer as IncomingMessage
    ports.add(socket.localPort)
    await once((answer as IncomingMessage).resume(), 'end')
    // Node would name here the time after which it closes it.
    expect([headers.connection, headers['keep-alive']]).toEqual(['keep-alive', undefined])
  }
  expect(ports.size).toBe(1)
})
