import { expect, test } from 'vitest'
import { type Delivery, parseDelivery, parsePayload } from '../../../src/github/delivery.ts'

const SIGNATURE = `sha256=${'0a'.repeat(32)}`
const GOOD = { 'X-GitHub-Event': 'push', 'X-GitHub-Delivery': 'a1-B2', 'X-Hub-Signature-256': SIGNATURE }

const parse = (headers: Record<string, string>, body = '{}') => parseDelivery(new Headers(headers), body)
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
    isForm: false,
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

const delivery = (contentType: string, body: string) =>
  parse({ ...GOOD, 'content-type': contentType }, body) as Delivery
const FORM = 'application/x-www-form-urlencoded'

test.each([
  ['application/json', '{"zen": "ünï+%20"}', { zen: 'ünï+%20' }],
  ['application/json; charset=utf-8', '[1]', [1]],
  [FORM, `payload=${encodeURIComponent('{"zen": "a+b & ü=%20"}')}`, { zen: 'a+b & ü=%20' }],
  [`${FORM}; charset=utf-8`, 'payload=%7B%22zen%22%3A+1%7D&other=2', { zen: 1 }],
])('a payload as %s is read', (contentType, body, expected) => {
  expect(parsePayload(delivery(contentType, body))).toEqual(expected)
})

test.each([
  ['application/json', '{"zen":'],
  ['application/json', ''],
  ['application/json', 'payload=%7B%7D'],
  [FORM, 'other=%7B%7D'],
  [FORM, '{}'],
])('a payload as %s that is %j is refused', (contentType, body) => {
  expect(() => parsePayload(delivery(contentType, body))).toThrow(SyntaxError)
})
