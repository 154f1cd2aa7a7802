import { afterAll, beforeAll, expect, test } from 'vitest'
import { lambciJson, openTown, type Town } from './town.ts'

let town: Town
beforeAll(async () => {
  town = await openTown()
})
afterAll(() => town.close())

/** A repository with master pushed and its build over; answers where it lies. */
async function found(repository: string, files = lambciJson('echo base')) {
  const at = await town.write(files)
  await town.push(at, repository, 'master')
  await town.ended({ project: `gh/${repository}`, number: 1 })
  return at
}

const open = (repository: string, head: string) =>
  town.api('POST', `/repos/${repository}/pulls`, { title: 'Better', head, base: 'master', body: '' })

test('of the repository itself: its own files speak, nothing is deployed', async () => {
  const stages = { stages: { '/.*/': 'dev' }, deploy: 'echo deployed' }
  const at = await found('home/self')
  // No build of the branch itself: only the pull request counts here.
  const commit = await town.push(at, 'home/self', 'better', {
    '.lambci.json': JSON.stringify({
      cmd: 'echo "pr $LAMBCI_PULL_REQUEST of $LAMBCI_CHECKOUT_BRANCH into $LAMBCI_BRANCH"',
      ...stages,
    }),
  })
  const { number } = await open('home/self', 'better')
  const view = await town.ended({ project: 'gh/home/self', number: 3 })
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
  const log = await town.log(view)
  expect(log).toContain(`pr ${number} of better into master\n`)
  expect(log).toContain('Pull requests never deploy.')
  expect(await town.statuses('home/self', commit)).toContainEqual(
    expect.stringMatching(/^success lambci\/pr: Passed in /),
  )

  // A further commit builds again.
  await town.push(at, 'home/self', 'better')
  await town.ended({ project: 'gh/home/self', number: 4 })
  expect(await town.ended({ project: 'gh/home/self', number: 5 })).toMatchObject({ status: 'passed' })
})

test('of a fork: only cmd and env of its own file count, and it gets no secrets', async () => {
  await town.system.store.put(
    'secrets/env/global.json',
    JSON.stringify({ SECRET: 'never-for-forks' }),
    'application/json',
  )
  const base = lambciJson('echo base', {
    notifications: { on: 'failure' },
    stages: { master: 'dev' },
    deploy: 'echo no',
  })
  const at = await found('home/base', base)
  await town.api('POST', '/repos/home/base/forks', { organization: 'stranger' })
  const own = {
    cmd: 'echo "stranger [$SECRET] $COLOR"; env',
    env: { COLOR: 'red' },
    notifications: { on: 'always' },
    timeout: 7,
  }
  const commit = await town.push(at, 'stranger/base', 'master', { '.lambci.json': JSON.stringify(own) })
  const { number } = await open('home/base', 'stranger:master')
  const view = await town.ended({ project: 'gh/home/base', number: 2 })
  expect(view).toMatchObject({
    status: 'passed',
    trust: 'fork',
    isFork: true,
    trigger: `pr/${number}`,
    cloneRepository: 'stranger/base',
    commit,
    runner: { function: 'lambci-build-fork' },
  })
  const log = await town.log(view)
  expect(log).toContain('stranger [] red\n')
  expect(log).not.toContain('never-for-forks')
  expect(await town.statuses('home/base', commit)).toContainEqual(
    expect.stringMatching(/^success lambci\/pr/),
  )
  // A stranger's record, in which the base's word would stand, chooses neither topic nor silence.
  expect(town.mails.filter(({ subject }) => subject?.includes('home/base #2'))).toHaveLength(1)
})

test('of a fork that has been deleted since: its commit is in the base repository', async () => {
  const at = await found('home/orphan')
  await town.api('POST', '/repos/home/orphan/forks', { organization: 'gone' })
  await town.push(at, 'gone/orphan', 'feature', lambciJson('echo still here'))
  const { number } = await open('home/orphan', 'gone:feature')
  await town.ended({ project: 'gh/home/orphan', number: 2 })
  await town.api('DELETE', '/repos/gone/orphan')
  await town.api('PATCH', `/repos/home/orphan/pulls/${number}`, { state: 'closed' })
  await town.api('PATCH', `/repos/home/orphan/pulls/${number}`, { state: 'open' })
  const view = await town.ended({ project: 'gh/home/orphan', number: 3 })
  expect(view).toMatchObject({ status: 'passed', isFork: true, trust: 'fork', cloneRepository: null })
  expect(await town.log(view)).toContain('still here\n')
})

test('a private repository is fetched with its own token, which is nowhere afterwards', async () => {
  const { login } = await town.api('GET', '/user')
  await town.api('POST', '/user/repos', { name: 'vault', private: true })
  const repository = `${login}/vault`
  const look =
    'echo looking; git config --list; cat .git/config; env; grep -rl "$TOKEN_PART" . || echo not found'
  const at = await town.write(
    lambciJson(look, { env: { TOKEN_PART: town.system.keys.cloneToken.slice(4, 20) } }),
  )
  const commit = await town.push(at, repository, 'master')
  const build = { project: `gh/${repository}`, number: 1 }
  const view = await town.ended(build)
  expect(view).toMatchObject({ status: 'passed', isPrivate: true })
  const log = await town.log(view)
  expect(log).toContain('not found')
  expect(log).not.toContain(town.system.keys.cloneToken)
  expect(log).not.toContain(Buffer.from(`x-access-token:${town.system.keys.cloneToken}`).toString('base64'))

  // Its page opens by the status's link alone.
  const [status] = await town.api('GET', `/repos/${repository}/commits/${commit}/statuses`)
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

test('of a fork of a private repository: not built, as long as nobody says so', async () => {
  const { login } = await town.api('GET', '/user')
  await town.api('POST', '/user/repos', { name: 'secret', private: true })
  const at = await town.write(lambciJson('echo base'))
  await town.push(at, `${login}/secret`, 'master')
  await town.ended({ project: `gh/${login}/secret`, number: 1 })
  await town.api('POST', `/repos/${login}/secret/forks`, { organization: 'curious' })
  const commit = await town.push(at, 'curious/secret', 'feature', lambciJson('echo never'))
  await open(`${login}/secret`, 'curious:feature')
  const view = await town.ended({ project: `gh/${login}/secret`, number: 2 })
  expect(view).toMatchObject({ status: 'skipped', trust: 'fork', isPrivate: true })
  expect(await town.statuses(`${login}/secret`, commit)).toEqual([])
})
