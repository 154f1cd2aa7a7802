import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runnerSecretsKey, settingsKeys } from '../../../src/records/keys.ts'
import { putJson, readJson } from '../../support/bucket.ts'
import { logOfJob } from '../../support/examples.ts'
import { startGitFaults } from '../../support/git-faults.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../support/test-system.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
let ci: TestSystem
let host: Awaited<ReturnType<typeof startGitFaults>>
beforeAll(async () => {
  host = await startGitFaults()
  ci = await openTestSystem({
    mixesTenants: true,
    proxyUrl: (service, url) => {
      if (service !== 'github') return url
      host.setTarget(url)
      return host.url
    },
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
afterAll(async () => {
  await ci.close()
  await host.close()
})

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

test('a public repository is fetched with a token, and another attempt is in the log', async () => {
  await ci.api('POST', '/user/repos', { name: 'open' })
  const { login } = await ci.api('GET', '/user')
  const repository = `${login}/open`
  const at = await ci.write(lambciJson('cat .git/config; env; git rev-parse origin/master'))
  host.fail({ status: 502, text: 'No server is available.' })
  const commit = await ci.push(at, repository, 'master')
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  const log = await ci.log(view)
  expect(view, log).toMatchObject({ status: 'passed', isPrivate: false })
  expect(log).toContain('GitHub answered 502 ("No server is available."). Trying again in 0.04 s.')
  expect(log).toContain(commit)
  const [, token = ''] = /^Basic (.*)$/.exec(host.fetches()[0] ?? '') ?? []
  expect(host.fetches()).toEqual([`Basic ${token}`, `Basic ${token}`])
  expect(Buffer.from(token, 'base64').toString()).toMatch(/^x-access-token:ghs_/)
  expect(log).not.toContain(token)
  expect(log).not.toMatch(/ghs_/)
})

test("jobToken: a token of the App's, which reads its own repository and no other", async () => {
  const { login } = await ci.api('GET', '/user')
  for (const name of ['tokened', 'another']) await ci.api('POST', '/user/repos', { name, private: true })
  await ci.push(await ci.write({ README: 'other' }), `${login}/another`, 'side')
  const reads = (name: string) =>
    `git ls-remote "http://x-access-token:$GITHUB_TOKEN@$HOST/${login}/${name}.git" >/dev/null 2>&1`
  const jobs = {
    reads: {
      cmd: [
        `${reads('tokened')} && echo own`,
        `${reads('another')} || echo not another`,
        'echo "token: $GITHUB_TOKEN"',
      ],
      env: { HOST: new URL(ci.system.addresses.github).host },
    },
    others: 'env | grep ^GITHUB_TOKEN || echo none',
  }
  const build = { project: `gh/${login}/tokened`, number: 1 }
  await putJson(ci.system.store, settingsKeys(build.project)[1], { jobToken: { jobs: ['reads'] } })
  await ci.push(await ci.write({ '.lambci.json': JSON.stringify({ jobs }) }), `${login}/tokened`, 'master')
  const view = await ci.ended(build)
  expect(view, await ci.log(view)).toMatchObject({ status: 'passed', isPrivate: true })
  const output = (await logOfJob(ci, view, 'reads')).replace(/^▸ .*\n/gm, '')
  expect(output).toBe('own\nnot another\ntoken: ***\n')
  expect(await logOfJob(ci, view, 'others')).toMatch(/^none$/m)
})
