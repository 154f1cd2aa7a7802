import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { variablesKeys } from '../../../src/records/keys.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

/** Pushes a new repository without a build of it. Returns its directory. */
async function setUp(repository: string, files = lambciJson('echo base')) {
  const at = await ci.write(files)
  await ci.push(at, repository, 'master', {}, 'A base [skip ci]')
  return at
}

const open = (repository: string, head: string) =>
  ci.api('POST', `/repos/${repository}/pulls`, { title: 'Better', head, base: 'master', body: '' })

test('from the same repository: uses its own configuration and does not deploy', async () => {
  const stages = { stages: { '/.*/': 'dev' }, deploy: 'echo deployed' }
  const at = await setUp('home/self')
  const commit = await ci.push(at, 'home/self', 'better', {
    '.lambci.json': JSON.stringify({
      cmd: 'echo "pr $LAMBCI_PULL_REQUEST of $LAMBCI_CHECKOUT_BRANCH into $LAMBCI_BRANCH"',
      ...stages,
    }),
  })
  const { number } = await open('home/self', 'better')
  const view = await ci.ended({ project: 'gh/home/self', number: 2 })
  expect(view).toMatchObject({
    status: 'passed',
    trigger: `pr/${number}`,
    trust: 'branch',
    isFork: false,
    branch: 'master',
    checkoutBranch: 'better',
    commit,
    deploy: null,
  })
  const log = await ci.log(view)
  expect(log).toContain(`pr ${number} of better into master\n`)
  expect(log).toContain('Pull requests never deploy.')
  expect(await ci.statuses('home/self', commit)).toContainEqual(
    expect.stringMatching(/^success lambci\/pr: Passed in /),
  )

  // A further commit builds again.
  await ci.push(at, 'home/self', 'better')
  await ci.ended({ project: 'gh/home/self', number: 3 })
  expect(await ci.ended({ project: 'gh/home/self', number: 4 })).toMatchObject({ status: 'passed' })
})

test('from a fork: uses only cmd and env of its own configuration, and gets no secrets', async () => {
  const [global] = variablesKeys('gh/home/base')
  await ci.system.store.put(global, JSON.stringify({ SECRET: 'never-for-forks' }), 'application/json')
  onTestFinished(() => ci.system.store.remove(global))
  const base = lambciJson('echo base', {
    notifications: { on: 'failure' },
    stages: { master: 'dev' },
    deploy: 'echo no',
  })
  const at = await setUp('home/base', base)
  await ci.api('POST', '/repos/home/base/forks', { organization: 'stranger' })
  const own = {
    cmd: 'echo "stranger [$SECRET] $COLOR"; env',
    env: { COLOR: 'red' },
    notifications: { on: 'always' },
    timeout: 7,
  }
  const commit = await ci.push(at, 'stranger/base', 'master', { '.lambci.json': JSON.stringify(own) })
  const { number } = await open('home/base', 'stranger:master')
  const view = await ci.ended({ project: 'gh/home/base', number: 1 })
  expect(view).toMatchObject({
    status: 'passed',
    trust: 'fork',
    isFork: true,
    trigger: `pr/${number}`,
    cloneRepository: 'stranger/base',
    commit,
    runner: { function: 'lambci-run-fork' },
  })
  const log = await ci.log(view)
  expect(log).toContain('stranger [] red\n')
  expect(log).not.toContain('never-for-forks')
  expect(await ci.statuses('home/base', commit)).toContainEqual(expect.stringMatching(/^success lambci\/pr/))
  // Neither the fork's configuration nor its record decides who is notified.
  expect(ci.mails.filter(({ subject }) => subject?.includes('home/base #1'))).toHaveLength(1)
})

test('from a deleted fork: its commit is fetched from the base repository', async () => {
  const at = await setUp('home/orphan')
  await ci.api('POST', '/repos/home/orphan/forks', { organization: 'gone' })
  await ci.push(at, 'gone/orphan', 'feature', lambciJson('echo still here'))
  const { number } = await open('home/orphan', 'gone:feature')
  await ci.ended({ project: 'gh/home/orphan', number: 1 })
  await ci.api('DELETE', '/repos/gone/orphan')
  await ci.api('PATCH', `/repos/home/orphan/pulls/${number}`, { state: 'closed' })
  await ci.api('PATCH', `/repos/home/orphan/pulls/${number}`, { state: 'open' })
  const view = await ci.ended({ project: 'gh/home/orphan', number: 2 })
  expect(view).toMatchObject({ status: 'passed', isFork: true, trust: 'fork', cloneRepository: null })
  expect(await ci.log(view)).toContain('still here\n')
})

test('a private repository is fetched with a clone token that is not left in the checkout', async () => {
  const { login } = await ci.api('GET', '/user')
  await ci.api('POST', '/user/repos', { name: 'vault', private: true })
  const repository = `${login}/vault`
  const inspect =
    'echo looking; git config --list; cat .git/config; env; grep -rl "$TOKEN_PART" . || echo not found'
  const at = await ci.write(
    lambciJson(inspect, { env: { TOKEN_PART: ci.system.keys.cloneToken.slice(4, 20) } }),
  )
  const commit = await ci.push(at, repository, 'master')
  const build = { project: `gh/${repository}`, number: 1 }
  const view = await ci.ended(build)
  expect(view).toMatchObject({ status: 'passed', isPrivate: true })
  const log = await ci.log(view)
  expect(log).toContain('not found')
  expect(log).not.toContain(ci.system.keys.cloneToken)
  expect(log).not.toContain(Buffer.from(`x-access-token:${ci.system.keys.cloneToken}`).toString('base64'))

  // Its page is accessible only by the link of the status.
  const [status] = await ci.api('GET', `/repos/${repository}/commits/${commit}/statuses`)
  const link = new URL(status.target_url)
  expect((await fetch(link)).status).toBe(200)
  expect(
    (await fetch(`${link.origin}${link.pathname}/log?from=0&key=${link.searchParams.get('key')}`)).status,
  ).toBe(200)
  const [without, wrong, unknown] = await Promise.all([
    fetch(`${link.origin}${link.pathname}`),
    fetch(`${link.origin}${link.pathname}?key=${'a'.repeat(32)}`),
    fetch(`${link.origin}/gh/${repository}/builds/99`),
  ])
  expect([without.status, wrong.status, unknown.status]).toEqual([404, 404, 404])
  expect(await without.text()).toBe(await unknown.text())
})

test('from a fork of a private repository: not built by default', async () => {
  const { login } = await ci.api('GET', '/user')
  await ci.api('POST', '/user/repos', { name: 'hidden', private: true })
  const at = await setUp(`${login}/hidden`)
  await ci.api('POST', `/repos/${login}/hidden/forks`, { organization: 'curious' })
  const commit = await ci.push(at, 'curious/hidden', 'feature', lambciJson('echo never'))
  await open(`${login}/hidden`, 'curious:feature')
  const view = await ci.ended({ project: `gh/${login}/hidden`, number: 1 })
  expect(view).toMatchObject({ status: 'skipped', trust: 'fork', isPrivate: true })
  expect(await ci.statuses(`${login}/hidden`, commit)).toEqual([])
})
