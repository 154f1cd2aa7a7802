import { expect, test } from 'vitest'
import { verifySignature } from '../../../src/github/signature.ts'
import { signatureOf } from '../../support/payloads.ts'

const BODY = '{"zen": "Ünïcode, \\u00fc and 🎉"}'
const verify = (signature: string, secrets: string[], body = BODY) =>
  verifySignature({ body, signature }, secrets)

// The example of https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
test("GitHub's own example is verified", async () => {
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
  expect(await verify(signature, ["It's a Secret to Everybody"], 'Hello, World!')).toBe(true)
})

test.each([
  ['the one secret', ['new'], true],
  ['the old one of two while it is being replaced', ['old', 'new'], true],
  ['the new one of two', ['new', 'old'], true],
  ['the last of three', ['oldest', 'old', 'new'], true],
  ['another secret', ['other'], false],
  ['no secret at all', [], false],
])('a body signed with "new", checked against %s', async (_, secrets, expected) => {
  expect(await verify(signatureOf(BODY, 'new'), secrets)).toBe(expected)
})

test.each([
  ['of another body', signatureOf(`${BODY} `, 'new')],
  ['of nothing', `sha256=${'0'.repeat(64)}`],
  ['in another case', signatureOf(BODY, 'new').toUpperCase().replace('SHA', 'sha')],
])('a signature %s is rejected', async (_, signature) => {
  expect(await verify(signature, ['new'])).toBe(false)
})

test('an empty body, which GitHub never sends, is rejected', async () => {
  expect(await verify(signatureOf('', 'other'), ['new'], '')).toBe(false)
})
