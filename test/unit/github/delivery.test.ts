import { expect, test } from 'vitest'
import { digestOf, parseDelivery, parsePayload } from '../../../src/github/delivery.ts'

const SIGNATURE = `sha256=${'0a'.repeat(32)}`
const GOOD = { 'X-GitHub-Event': 'push', 'X-GitHub-Delivery': 'a1-B2', 'X-Hub-Signature-256': SIGNATURE }

const parse = (headers: Record<string, string>, body: string | Uint8Array = '{}') =>
  parseDelivery(new Headers(headers), Buffer.from(body))
const respelled = (spell: (name: string) => string) =>
  Object.fromEntries(Object.entries(GOOD).map(([name, value]) => [spell(name), value]))

test.each([
  ['as GitHub writes them', (name: string) => name],
  ['lower case, as function URLs do', (name: string) => name.toLowerCase()],
  ['upper case', (name: string) => name.toUpperCase()],
])('headers are found %s', (_, spell) => {
  expect(parse(respelled(spell), 'body')).toEqual({
    event: 'push',
    id: 'a1-B2',
    signature: SIGNATURE,
    body: 'body',
  })
})

test.each(Object.keys(GOOD))('a missing %s is named', name => {
  const headers = Object.fromEntries(Object.entries(GOOD).filter(([key]) => key !== name))
  for (const each of [headers, { ...headers, [name]: '' }]) {
    expect(parse(each)).toEqual({
      error: expect.stringContaining(`it lacks ${name.toLowerCase()}.`),
    })
  }
})

test('all missing headers are named at once, with advice', () => {
  expect(parse({})).toEqual({
    error: expect.stringMatching(
      /it lacks x-github-event, x-github-delivery, x-hub-signature-256\. .*set a secret in the repository's webhook settings\.$/,
    ),
  })
})

test.each([
  ['X-GitHub-Event', 'Push'],
  ['X-GitHub-Event', 'push/../x'],
  ['X-GitHub-Event', 'x'.repeat(61)],
  ['X-GitHub-Delivery', '../../config/global'],
  ['X-GitHub-Delivery', 'a b'],
  ['X-GitHub-Delivery', 'x'.repeat(73)],
  ['X-Hub-Signature-256', 'sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ['X-Hub-Signature-256', SIGNATURE.slice(0, -1)],
  ['X-Hub-Signature-256', SIGNATURE.replace('sha256=', '')],
])('%s: %s is malformed', (name, value) => {
  expect(parse({ ...GOOD, [name]: value })).toEqual({
    error: `This is not a delivery from GitHub: the header ${name.toLowerCase()} is malformed.`,
  })
})

test.each([
  ['a cut character', Buffer.from([0x7b, 0xe2, 0x82])],
  ['Latin-1', Buffer.from('{"a": "\u00fc"}', 'latin1')],
  ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
])('a body with %s is not read as another one', (_, body) => {
  expect(parse(GOOD, body)).toEqual({ error: expect.stringContaining('its body is not UTF-8') })
})

test('a byte order mark stays part of the body, whose bytes are verified', () => {
  expect(parse(GOOD, '\ufeff{}')).toMatchObject({ body: '\ufeff{}' })
  expect(parsePayload('\ufeff{}')).toBeNull()
})

const JSON_TEXT = '{"zen": "a+b & \u00fc=%20; \'(x)\'! ~*"}'
const ZEN = { zen: "a+b & \u00fc=%20; '(x)'! ~*" }

test.each([
  ['JSON', JSON_TEXT],
  ['JSON with blanks around it', ` ${JSON_TEXT}\n`],
  ['a form as browsers encode it', new URLSearchParams({ payload: JSON_TEXT }).toString()],
  ['a form with everything encoded that can be', `payload=${encodeURIComponent(JSON_TEXT)}`],
])('a payload in %s is read, whatever the headers say', (_, body) => {
  expect(parsePayload(body)).toEqual(ZEN)
})

const FIELD = encodeURIComponent('{"zen": "x"}')

test.each([
  ['nothing', ''],
  ['cut JSON', '{"zen":'],
  ['a list', '[{}]'],
  ['a text', '"payload=%7B%7D"'],
  ['null', 'null'],
  ['a number', '7'],
  ['another field', `other=${FIELD}`],
  ['a field after the payload', `payload=${FIELD}&x=1`],
  ['a field before the payload', `x=1&payload=${FIELD}`],
  ['an empty field after it', `payload=${FIELD}&`],
  ['an empty field before it', `&payload=${FIELD}`],
  ['two payloads', `payload=${FIELD}&payload=${FIELD}`],
  ['a field after a semicolon', `payload=${FIELD};payload=${FIELD}`],
  ['a name in another case', `Payload=${FIELD}`],
  ['an encoded name', `%70ayload=${FIELD}`],
  ['a blank before the form', ` payload=${FIELD}`],
  ['a line break after the form', `payload=${FIELD}\n`],
  ['a question mark before the form', `?payload=${FIELD}`],
  ['a byte order mark before the form', `\ufeffpayload=${FIELD}`],
  ['JSON that is not encoded', 'payload={}'],
  ['a wrong percent encoding', 'payload=%7B%7'],
  ['bytes that are no UTF-8', 'payload=%22%ff%22'],
  ['a form in a form', `payload=${encodeURIComponent(`payload=${FIELD}`)}`],
  ['a list in a form', 'payload=%5B%5D'],
])('%s is no payload', (_, body) => {
  expect(parsePayload(body)).toBeNull()
})

test('JSON that has a form in it is JSON', () => {
  const message = `tools&payload=${encodeURIComponent('{"ref": "refs/heads/master"}')}&x`
  expect(parsePayload(JSON.stringify({ message }))).toEqual({ message })
})

test('a delivery is known by its body', () => {
  expect(digestOf('{}')).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a')
})
