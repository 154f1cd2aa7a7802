import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lambda, startLambda } from '../../lambda/lambda.ts'
import { define } from './host.ts'

let lambda: Lambda
let directory: string
let url: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-function-url-'))
  const onFailure = () => {}
  lambda = await startLambda({
    directory,
    functions: [{ ...define('site.handler'), onFailure }],
    onLog: () => {},
  })
  url = (await lambda.functionUrl('handler')).url
})
afterAll(async () => {
  await lambda.close()
  await rm(directory, { recursive: true })
})

test('a binary body makes the round trip, with status, headers and cookies', async () => {
  const body = randomBytes(1000)
  const response = await fetch(`${url}/echo`, { method: 'POST', body })
  expect(response.status).toBe(201)
  expect(response.headers.get('x-number')).toBe('7')
  expect(response.headers.get('content-type')).toBe('application/octet-stream')
  expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2'])
  expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true)
})

test('a request becomes an event of payload format 2.0', async () => {
  const event = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const outgoing = request(
      `${url}/event?a=1&b=x%20y&a=2`,
      {
        method: 'PUT',
        headers: {
          'X-Twice': ['one', 'two'],
          Cookie: 'c=3; d=4',
          'User-Agent': 'test',
          'Content-Type': 'application/json; charset=utf-8',
        },
      },
      async response => {
        const chunks = await response.toArray()
        resolve(JSON.parse(Buffer.concat(chunks).toString()))
      },
    )
    outgoing.on('error', reject).end('{"ü":1}')
  })
  expect(event).toMatchObject({
    version: '2.0',
    routeKey: '$default',
    rawPath: '/event',
    rawQueryString: 'a=1&b=x%20y&a=2',
    queryStringParameters: { a: '1,2', b: 'x y' },
    cookies: ['c=3', 'd=4'],
    headers: { 'x-twice': 'one,two', host: new URL(url).host },
    requestContext: {
      domainName: new URL(url).host,
      http: { method: 'PUT', path: '/event', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
    },
    body: '{"ü":1}',
    isBase64Encoded: false,
  })
  expect(event.headers).not.toHaveProperty('cookie')
})

test.each([
  ['text/plain', false],
  ['application/xml', false],
  ['application/x-www-form-urlencoded', true],
  ['application/octet-stream', true],
  ['application/jsonx', true],
])('a body of type %s is base64: %s', async (type, isBase64Encoded) => {
  const response = await fetch(`${url}/event`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: 'a=1',
  })
  expect(await response.json()).toMatchObject({ isBase64Encoded, body: isBase64Encoded ? 'YT0x' : 'a=1' })
})

test('a result without a status code is the body', async () => {
  const response = await fetch(`${url}/text`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.text()).toBe('plain')
})

test.each(['/error', '/broken'])('%s is answered with 502', async path => {
  const response = await fetch(`${url}${path}`)
  expect(response.status).toBe(502)
  expect(await response.text()).toBe('Internal Server Error')
})

test('a request whose event is larger than six megabytes is answered with 413', async () => {
  const at = `${url}/event`
  const megabytes = (count: number) => Buffer.alloc(count * 1024 * 1024, 'a')
  const post = async (body: Buffer, type: string) =>
    (await fetch(at, { method: 'POST', body, headers: { 'content-type': type } })).status
  expect(await post(megabytes(5), 'text/plain')).toBe(200)
  expect(await post(megabytes(5), 'application/octet-stream')).toBe(413)
  expect(await post(megabytes(7), 'text/plain')).toBe(413)
})

test('a port in use gives a readable error', async () => {
  const port = Number(new URL(url).port)
  await expect(lambda.functionUrl('handler', port)).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`)
})
