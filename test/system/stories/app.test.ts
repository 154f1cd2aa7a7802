import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runnerSecretsKey } from '../../../src/records/keys.ts'
import { putJson, readJson } from '../../support/bucket.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../support/test-system.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem({
    app: {
      id: 4711,
      slug: 'builder',
      owner: 'you',
      publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
      permissions: { statuses: 'write', contents: 'read' },
    },
  })
  // Only the App's key is left, and no token.
  const secrets = (await readJson(ci.system.store, runnerSecretsKey)) as object
  const githubApp = { id: 4711, privateKey: String(privateKey.export({ type: 'pkcs1', format: 'pem' })) }
  await putJson(ci.system.store, runnerSecretsKey, {
    ...secrets,
    githubToken: null,
    cloneToken: null,
    githubApp,
  })
})
afterAll(() => ci.close())

test('a system with only an App clones and builds a private repository, and sets its status', async () => {
  const { login } = await ci.api('GET', '/user')
  await ci.api('POST', '/user/repos', { name: 'secret', private: true })
  const at = await ci.write(lambciJson('cat .git/config; env; ls; echo built'))
  const commit = await ci.push(at, `${login}/secret`, 'master')
  const view = await ci.ended({ project: `gh/${login}/secret`, number: 1 })
  const log = await ci.log(view)
  expect(view, log).toMatchObject({ status: 'passed', isPrivate: true })
  expect(log).not.toMatch(/ghs_/)
  expect(await ci.statuses(`${login}/secret`, commit)).toContainEqual(
    expect.stringMatching(/^success lambci\/push: Passed/),
  )
})
