import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runnerSecretsKey } from '../../src/build/layout.ts'
import { putJson, readJson } from '../bucket.ts'
import { lambciJson, openTown, type Town } from './town.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
let town: Town
beforeAll(async () => {
  town = await openTown({
    app: {
      id: 4711,
      slug: 'builder',
      owner: 'you',
      publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
      permissions: { statuses: 'write', contents: 'read' },
    },
  })
  // From now on there is no token at all.
  const secrets = (await readJson(town.system.store, runnerSecretsKey)) as object
  const githubApp = { id: 4711, privateKey: String(privateKey.export({ type: 'pkcs1', format: 'pem' })) }
  await putJson(town.system.store, runnerSecretsKey, {
    ...secrets,
    githubToken: null,
    cloneToken: null,
    githubApp,
  })
})
afterAll(() => town.close())

test('with an App alone, a private repository is cloned, built, and gets its status', async () => {
  const { login } = await town.api('GET', '/user')
  await town.api('POST', '/user/repos', { name: 'secret', private: true })
  const at = await town.write(lambciJson('cat .git/config; env; ls; echo built'))
  const commit = await town.push(at, `${login}/secret`, 'master')
  const view = await town.ended({ project: `gh/${login}/secret`, number: 1 })
  const log = await town.log(view)
  expect(view, log).toMatchObject({ status: 'passed', isPrivate: true })
  expect(log).not.toMatch(/ghs_/)
  expect(await town.statuses(`${login}/secret`, commit)).toContainEqual(
    expect.stringMatching(/^success lambci\/push: Passed/),
  )
})
