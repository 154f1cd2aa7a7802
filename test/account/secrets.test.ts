import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  findSecretVariables,
  openRunnerSecrets,
  readRunnerSecrets,
  readSecretVariables,
} from '../../src/account/secrets.ts'
import { runnerSecretsKey, variablesKeys } from '../../src/build/layout.ts'
import type { Job } from '../../src/job/job.ts'
import { Problem } from '../../src/problem.ts'
import { type Bucket, openBucket, putJson } from '../bucket.ts'
import { FORKED, jobOf } from '../records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

const SECRETS = {
  webhookSecrets: ['old', 'new'],
  githubToken: 'ghp_very-secret',
  cloneToken: null,
  githubApp: null,
  slackToken: null,
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
  [{ ...SECRETS, githubToken: null }, /is not valid: githubToken\.$/],
  [{ ...SECRETS, githubApp: { id: 1, privateKey: 'none' } }, /is not valid: githubApp\.privateKey\.$/],
  [{ ...SECRETS, linkKey: 'short', cloneToken: 5 }, /is not valid: cloneToken, linkKey\.$/],
])('wrong secrets %j are a problem that names the field and tells none', async (stored, message) => {
  await putJson(bucket.store, runnerSecretsKey, stored)
  const failed = readRunnerSecrets(bucket.store).catch((error: Error) => error)
  expect(await failed).toBeInstanceOf(Problem)
  expect(String(await failed)).toMatch(message)
  expect(String(await failed)).not.toContain('very-secret')
})

test("a repository's variables are the account's, and over them its own", async () => {
  const { store } = bucket
  const [global, own] = variablesKeys('gh/ada/web')
  const job = jobOf({ project: 'gh/ada/web' })
  expect(await findSecretVariables(store, job)).toEqual([])
  await putJson(store, `${global}.old`, {})
  expect(await findSecretVariables(store, job)).toEqual([])
  await putJson(store, own, { B: '3', __C: '4' })
  expect(await findSecretVariables(store, job)).toEqual([own])
  await putJson(store, global, { A: '1', B: '2' })
  expect(await findSecretVariables(store, job)).toEqual([global, own])
  expect(await findSecretVariables(store, jobOf({ project: 'gh/ada/other' }))).toEqual([global])

  expect(await readSecretVariables(store, [])).toEqual({})
  expect(await readSecretVariables(store, [global, own])).toEqual({ A: '1', B: '3', __C: '4' })
  await expect(readSecretVariables(store, ['secrets/env/gone.json'])).rejects.toThrow(/has gone since/)
})

test.each<[string, Partial<Job>]>([
  ['a fork', FORKED],
  ['an account that gives none', { settings: { global: { inheritSecrets: false } } }],
  ['a repository that gives none', { settings: { global: {}, repository: { inheritSecrets: false } } }],
  ['a branch that gets none', { settings: { global: { branches: { master: { inheritSecrets: false } } } } }],
])('%s has none', async (_, change) => {
  await putJson(bucket.store, variablesKeys('')[0], { A: '1' })
  expect(await findSecretVariables(bucket.store, jobOf(change))).toEqual([])
})

test.each<[unknown]>([['{"A": "very-secret"'], [{ 'A=B': 'very-secret' }], [{ A: 1 }], [['very-secret']]])(
  'variables %j are a problem that tells none',
  async stored => {
    await putJson(bucket.store, variablesKeys('gh/ada/bad')[1], stored)
    const failed = await readSecretVariables(bucket.store, [variablesKeys('gh/ada/bad')[1]]).catch(
      (error: Error) => error,
    )
    expect(failed).toBeInstanceOf(Problem)
    expect(String(failed)).toContain('secrets/env/gh/ada/bad.json in the bucket is not an object')
    expect(String(failed)).not.toContain('very-secret')
  },
)
