import { afterAll, beforeAll, expect, test } from 'vitest'
import { openRunnerSecrets, readRunnerSecrets, readSecretVariables } from '../../src/account/secrets.ts'
import { runnerSecretsKey, variablesKeys } from '../../src/build/layout.ts'
import { Problem } from '../../src/problem.ts'
import { type Bucket, openBucket, putJson } from '../bucket.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

const SECRETS = {
  webhookSecrets: ['old', 'new'],
  githubToken: 'ghp_very-secret',
  cloneToken: null,
  linkKey: 'a-link-key-of-these-tests',
}

test('secrets that are missing are a problem, not remembered; afterwards they are kept', async () => {
  const secrets = openRunnerSecrets(bucket.store)
  await expect(secrets()).rejects.toThrow(Problem)
  await expect(secrets()).rejects.toThrow(
    'secrets/runner.json is missing in the bucket: this stack has not been set up yet.',
  )
  await putJson(bucket.store, runnerSecretsKey, SECRETS)
  expect(await secrets()).toEqual(SECRETS)
  await putJson(bucket.store, runnerSecretsKey, { ...SECRETS, linkKey: 'another-link-key-altogether' })
  expect(await secrets()).toEqual(SECRETS)
})

test.each<[unknown, RegExp]>([
  ['{"githubToken": "ghp_very-secret"', /is not valid: /],
  [{ ...SECRETS, webhookSecrets: [] }, /is not valid: webhookSecrets\.$/],
  [{ ...SECRETS, webhookSecrets: [''] }, /is not valid: webhookSecrets\.0\.$/],
  [{ ...SECRETS, linkKey: 'short', cloneToken: 5 }, /is not valid: cloneToken, linkKey\.$/],
])('wrong secrets %j are a problem that names the field and tells none', async (stored, message) => {
  await putJson(bucket.store, runnerSecretsKey, stored)
  const failed = readRunnerSecrets(bucket.store).catch((error: Error) => error)
  expect(await failed).toBeInstanceOf(Problem)
  expect(String(await failed)).toMatch(message)
  expect(String(await failed)).not.toContain('very-secret')
})

test("a repository's variables are the account's, and over them its own", async () => {
  const [global, own] = variablesKeys('gh/ada/web')
  expect(await readSecretVariables(bucket.store, 'gh/ada/web')).toEqual({})
  await putJson(bucket.store, global, { A: '1', B: '2' })
  await putJson(bucket.store, own, { B: '3', __C: '4' })
  expect(await readSecretVariables(bucket.store, 'gh/ada/web')).toEqual({ A: '1', B: '3', __C: '4' })
  expect(await readSecretVariables(bucket.store, 'gh/ada/other')).toEqual({ A: '1', B: '2' })
})

test.each<[unknown]>([['{"A": "very-secret"'], [{ 'A=B': 'very-secret' }], [{ A: 1 }], [['very-secret']]])(
  'variables %j are a problem that tells none',
  async stored => {
    await putJson(bucket.store, variablesKeys('gh/ada/bad')[1], stored)
    const failed = await readSecretVariables(bucket.store, 'gh/ada/bad').catch((error: Error) => error)
    expect(failed).toBeInstanceOf(Problem)
    expect(String(failed)).toContain('secrets/env/gh/ada/bad.json in the bucket is not an object')
    expect(String(failed)).not.toContain('very-secret')
  },
)
