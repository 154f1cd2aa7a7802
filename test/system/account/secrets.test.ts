import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  findSecretVariables,
  openRunnerSecrets,
  readRunnerSecrets,
  readSecretVariables,
} from '../../../src/account/secrets.ts'
import { parseAccount } from '../../../src/account/settings.ts'
import { listAccountKeys } from '../../../src/account/unread-objects.ts'
import type { Build } from '../../../src/model/build.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { runnerSecretsKey, stageVariablesKey, variablesKeys } from '../../../src/records/keys.ts'
import { type Bucket, openDirectBucket, putJson } from '../../support/bucket.ts'
import { FORKED, makeBuild } from '../../support/records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openDirectBucket()
})
afterAll(() => bucket.close())

const SECRETS = {
  webhookSecrets: ['old', 'new'],
  acceptsSharedSecret: false,
  githubToken: 'ghp_very-secret',
  cloneToken: null,
  githubApp: null,
  slackToken: null,
  linkKey: 'a-link-key-of-these-tests',
}

test('secrets are cached, but a failure to read them is not', async () => {
  const secrets = openRunnerSecrets(bucket.store)
  await expect(secrets()).rejects.toThrow(UserError)
  await expect(secrets()).rejects.toThrow(
    'secrets/runner.json is missing in the bucket: run "lambci setup" to set up this stack.',
  )
  await putJson(bucket.store, runnerSecretsKey, SECRETS)
  expect(await secrets()).toEqual(SECRETS)
  await putJson(bucket.store, runnerSecretsKey, { ...SECRETS, linkKey: 'another-link-key-altogether' })
  expect(await secrets()).toEqual(SECRETS)
})

test('secrets of a stack from before webhooks had secrets of their own accept the one secret', async () => {
  const { acceptsSharedSecret: _, ...old } = SECRETS
  await putJson(bucket.store, runnerSecretsKey, old)
  expect(await readRunnerSecrets(bucket.store)).toEqual({ ...old, acceptsSharedSecret: true })
})

test('a reader that misses something new gets secrets of the last seconds', async () => {
  let time = 0
  const secrets = openRunnerSecrets(bucket.store, () => time)
  const newest = async (maxAgeMs?: number) => (await secrets(maxAgeMs)).webhookSecrets[0]
  const rotate = (name: string) =>
    putJson(bucket.store, runnerSecretsKey, { ...SECRETS, webhookSecrets: [name, 'old'] })
  await rotate('first')
  expect(await newest()).toBe('first')
  await rotate('second')
  time = 5000
  expect(await newest(5000)).toBe('first')
  time = 5001
  expect(await newest()).toBe('first')
  expect(await newest(5000)).toBe('second')
  await rotate('third')
  time += 60_000
  expect(await newest()).toBe('second')
  time += 1
  expect(await newest()).toBe('third')
})

test.each<[unknown, RegExp]>([
  ['{"githubToken": "ghp_very-secret"', /is not valid: /],
  [{ ...SECRETS, webhookSecrets: [] }, /is not valid: webhookSecrets\.$/],
  [{ ...SECRETS, webhookSecrets: [''] }, /is not valid: webhookSecrets\.0\.$/],
  [{ ...SECRETS, githubToken: null }, /is not valid: githubToken\.$/],
  [{ ...SECRETS, githubApp: { id: 1, privateKey: 'none' } }, /is not valid: githubApp\.privateKey\.$/],
  [{ ...SECRETS, linkKey: 'short', cloneToken: 5 }, /is not valid: cloneToken, linkKey\.$/],
])('invalid secrets %j are an error that names the field and reveals no secret', async (stored, message) => {
  await putJson(bucket.store, runnerSecretsKey, stored)
  const failed = readRunnerSecrets(bucket.store).catch((error: Error) => error)
  expect(await failed).toBeInstanceOf(UserError)
  expect(String(await failed)).toMatch(message)
  expect(String(await failed)).not.toContain('very-secret')
})

const find = async (build: Build, stage: string | null = null) =>
  findSecretVariables(
    await listAccountKeys(bucket.store),
    build,
    parseAccount(build.project, build.settings),
    stage,
  )

test("a repository's own variables override the account's", async () => {
  const { store } = bucket
  const [global, own] = variablesKeys('gh/ada/web')
  const build = makeBuild({ project: 'gh/ada/web' })
  expect(await find(build)).toEqual([])
  await putJson(store, `${global}.old`, {})
  expect(await find(build)).toEqual([])
  await putJson(store, own, { B: '3', __C: '4' })
  expect(await find(build)).toEqual([own])
  await putJson(store, global, { A: '1', B: '2' })
  expect(await find(build)).toEqual([global, own])
  expect(await find(makeBuild({ project: 'gh/ada/other' }))).toEqual([global])

  expect(await readSecretVariables(store, [])).toEqual({})
  expect(await readSecretVariables(store, [global, own])).toEqual({ A: '1', B: '3', __C: '4' })
  await expect(readSecretVariables(store, ['secrets/env/gone.json'])).rejects.toThrow(/was deleted after/)
})

test("a deploy's variables are overridden by those of all stages, and these by those of its own", async () => {
  const { store } = bucket
  const project = 'gh/ada/site'
  const keyOf = (stage: string) => stageVariablesKey({ project, stage })
  const [global, own] = variablesKeys(project)
  await putJson(store, global, { A: 'global', B: 'global', C: 'global', D: 'global' })
  await putJson(store, own, { B: 'own', C: 'own', D: 'own' })
  await putJson(store, keyOf('*'), { C: 'every', D: 'every', E: 'every' })
  await putJson(store, keyOf('qa'), { D: 'qa' })
  await putJson(store, keyOf('production'), { D: 'production', F: 'production' })
  const valuesOf = async (stage: string | null) =>
    readSecretVariables(store, await find(makeBuild({ project }), stage))
  const shared = { A: 'global', B: 'own' }
  expect(await valuesOf(null)).toEqual({ ...shared, C: 'own', D: 'own' })
  expect(await valuesOf('qa')).toEqual({ ...shared, C: 'every', D: 'qa', E: 'every' })
  expect(await valuesOf('dev')).toEqual({ ...shared, C: 'every', D: 'every', E: 'every' })
  expect(await valuesOf('production')).toEqual({
    ...{ ...shared, C: 'every' },
    ...{ D: 'production', E: 'every', F: 'production' },
  })
})

test.each<[string, Partial<Build>]>([
  ['a fork', FORKED],
  ['an account without inheritSecrets', { settings: { global: { inheritSecrets: false } } }],
  [
    'a repository without inheritSecrets',
    { settings: { global: {}, repository: { inheritSecrets: false } } },
  ],
  [
    'a branch without inheritSecrets',
    { settings: { global: { branches: { master: { inheritSecrets: false } } } } },
  ],
])('%s gets no secret variables', async (_, change) => {
  await putJson(bucket.store, variablesKeys('')[0], { A: '1' })
  expect(await find(makeBuild(change))).toEqual([])
})

test.each<[unknown]>([['{"A": "very-secret"'], [{ 'A=B': 'very-secret' }], [{ A: 1 }], [['very-secret']]])(
  'invalid variables %j are an error that reveals no secret',
  async stored => {
    await putJson(bucket.store, variablesKeys('gh/ada/bad')[1], stored)
    const failed = await readSecretVariables(bucket.store, [variablesKeys('gh/ada/bad')[1]]).catch(
      (error: Error) => error,
    )
    expect(failed).toBeInstanceOf(UserError)
    expect(String(failed)).toContain('secrets/env/gh/ada/bad.json in the bucket is not an object')
    expect(String(failed)).not.toContain('very-secret')
  },
)
