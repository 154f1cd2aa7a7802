import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lambci } from '../../support/lambci.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

/** Runs a command that must succeed. Returns what it printed. */
async function command(args: string[], input = ''): Promise<string> {
  const { exitCode, stdout, stderr } = await failing(args, input)
  expect([exitCode, stderr], args.join(' ')).toEqual([0, ''])
  return stdout
}
const failing = (args: string[], input = '') =>
  lambci([...args, '--data', join(ci.directory, 'data')], { input })

type Delivery = { id: number; status_code: number }
/** How the newest delivery of a repository was answered, once there are so many. */
const answerOf = async (repository: string, count: number) => {
  const path = `/repos/${repository}/hooks/1/deliveries`
  const [newest] = await ci.until('the answers', async () => {
    const all: Delivery[] = await ci.api('GET', path)
    return all.length === count && all.every(each => each.status_code > 0) && all
  })
  const { response } = await ci.api('GET', `${path}/${newest?.id}`)
  return { id: newest?.id ?? 0, status: newest?.status_code, answer: JSON.parse(response.payload) }
}
const redeliver = async (repository: string, id: number) =>
  ci.api('POST', `/repos/${repository}/hooks/1/deliveries/${id}/attempts`)
const page = (path: string) => fetch(`${ci.system.addresses.url}${path}`)

const SHOW = lambciJson(`echo "repo=$LAMBCI_REPO key=\${#KEY} late=\${#LATE}"`)

test('all spellings of a name are one repository, and people see the spelling of GitHub', async () => {
  await command(['secret', 'set', 'KEY', 'TWIN/case'], 'a-key-of-many-letters')
  await command(['config', 'set', 'twin/CASE', 'env', '{"LATE": "123"}'])
  const build = { project: 'gh/twin/case', number: 1 }
  const at = await ci.write(SHOW)
  const commit = await ci.push(at, 'Twin/Case', 'master')
  expect(await ci.ended(build)).toMatchObject({ status: 'passed', repository: 'Twin/Case' })
  expect(await ci.log(build)).toContain('repo=Twin/Case key=21 late=3')
  expect((await ci.statuses('twin/case', commit)).at(-1)).toMatch(/^success/)
  expect(ci.mails.map(({ subject }) => subject)).toContain('passed: Twin/Case #1 (master)')
  expect(await command(['logs', 'tWIN/Case'])).toContain('key=21')
  expect(await command(['builds', 'twin/CASE'])).toContain('#1')
  expect(await command(['config', 'get', 'Twin/cASE', 'env'])).toBe('{\n  "LATE": "123"\n}')
  expect(await command(['secret', 'list', 'https://github.com/Twin/Case.git'])).toBe('KEY')
  const [shown, badge] = [await page('/gh/TWIN/Case/builds/1'), await page('/gh/Twin/CASE/badge.svg')]
  expect([shown.status, badge.status]).toEqual([200, 200])
  expect(await shown.text()).toContain('Twin/Case')
  expect(await command(['rebuild', 'twin/Case#1', '--follow'])).toContain('Build #2 of Twin/Case')
})

test('nothing is built past settings or secrets that nobody reads, and commands name them', async () => {
  const keys = ['config/gh/Spelt/Odd.json', 'secrets/env/gh/Spelt/Odd.json']
  for (const key of keys) await ci.system.store.put(key, '{"inheritSecrets": false}', 'application/json')
  const at = await ci.write(SHOW)
  await ci.push(at, 'Spelt/Odd', 'master')
  const refused = await answerOf('spelt/odd', 1)
  expect(refused).toMatchObject({ status: 409 })
  for (const key of keys)
    expect(refused.answer.error).toContain(`${key} in the bucket is not read: move it to`)
  const project = 'gh/spelt/odd'
  expect(await ci.view({ project, number: 1 })).toBeNull()
  for (const args of [
    ['config', 'get', 'Spelt/Odd'],
    ['secret', 'list', 'spelt/odd'],
  ])
    expect((await failing(args)).stderr, args.join(' ')).toContain(
      `Note: ${keys[0]} in the bucket is not read`,
    )
  expect((await failing(['config', 'get', 'Spelt/Even'])).stderr).toBe('')

  for (const key of keys) await ci.system.store.remove(key)
  await redeliver('spelt/odd', refused.id)
  expect((await ci.ended({ project, number: 1 })).status).toBe('passed')
})

test('a repository that is renamed or given away keeps its builds, settings and secrets', async () => {
  const project = 'gh/moved/old'
  await command(['secret', 'set', 'KEY', 'moved/old'], 'a-key-of-many-letters')
  const at = await ci.write(SHOW)
  await ci.push(at, 'moved/old', 'master')
  await ci.ended({ project, number: 1 })
  await ci.api('PATCH', '/repos/moved/old', { name: 'New' })
  // Before any delivery under the new name: GitHub knows what it means.
  await command(['config', 'set', 'moved/new', 'env.LATE', '1234'])
  await ci.push(at, 'moved/new', 'master')
  expect(await ci.ended({ project, number: 2 })).toMatchObject({ status: 'passed', repository: 'moved/New' })
  expect(await ci.log({ project, number: 2 })).toContain('repo=moved/New key=21 late=4')
  expect(await command(['builds', 'moved/NEW'])).toMatch(/#2.*\n#1/)
  expect(await command(['config', 'get', 'moved/new', 'env.LATE'])).toBe('1234')
  expect(await command(['config', 'get', 'moved/old', 'env.LATE'])).toBe('1234')
  for (const path of ['/gh/moved/new', '/gh/moved/old', '/gh/moved/new/builds/1', '/gh/moved/New/badge.svg'])
    expect((await page(path)).status, path).toBe(200)
  expect(await (await page('/gh/moved/old')).text()).toContain('<h1>moved/New ')

  // What is built again is fetched from the name that the repository has now.
  await command(['rebuild', 'moved/new#1', '--follow'])
  expect(await ci.log({ project, number: 3 })).toContain('from moved/New')

  await ci.api('POST', '/repos/moved/new/transfer', { new_owner: 'given' })
  await ci.push(at, 'given/new', 'master')
  expect(await ci.ended({ project, number: 4 })).toMatchObject({ status: 'passed', repository: 'given/New' })
  expect(await ci.log({ project, number: 4 })).toContain('repo=given/New key=21 late=4')
})

test('a repository that has become private is private, whatever of its public time is built again', async () => {
  const project = 'gh/shut/site'
  const at = await ci.write(SHOW)
  await ci.push(at, 'shut/site', 'master')
  await ci.ended({ project, number: 1 })
  const { id } = await answerOf('shut/site', 1)
  const paths = [`/${project}`, `/${project}/badge.svg`, `/${project}/builds/1`, `/${project}/builds/1/log`]
  for (const path of paths) expect((await page(path)).status, path).toBe(200)
  await ci.api('PATCH', '/repos/shut/site', { private: true })
  await ci.push(at, 'shut/site', 'master')
  await ci.ended({ project, number: 2 })
  for (const path of paths) expect((await page(path)).status, path).toBe(404)
  // It is fetched as what it is now, with a token.
  await command(['rebuild', 'shut/site#1', '--follow'])
  expect(await ci.view({ project, number: 3 })).toMatchObject({ status: 'passed', isPrivate: true })
  await redeliver('shut/site', id)
  await ci.ended({ project, number: 4 })
  for (const path of [...paths, `/${project}/builds/3`, `/${project}/builds/4`])
    expect((await page(path)).status, path).toBe(404)
})

test('another repository under the name of a deleted one is refused until it is adopted', async () => {
  const project = 'gh/gone/site'
  await command(['secret', 'set', 'KEY', 'gone/site'], 'a-key-of-many-letters')
  const at = await ci.write(SHOW)
  await ci.push(at, 'gone/site', 'master')
  await ci.ended({ project, number: 1 })
  await ci.api('DELETE', '/repos/gone/site')
  await ci.push(at, 'gone/site', 'master')
  const refused = await answerOf('gone/site', 1)
  expect(refused).toMatchObject({
    status: 409,
    answer: { error: expect.stringContaining('lambci adopt gone/site') },
  })
  expect(await ci.view({ project, number: 2 })).toBeNull()
  const typed = await failing(['secret', 'set', 'KEY', 'gone/site'], 'another')
  expect([typed.exitCode, typed.stderr]).toEqual([2, expect.stringContaining('lambci adopt gone/site')])

  expect(await command(['adopt', 'Gone/Site'])).toContain(
    'takes over its builds, settings, secrets and stages',
  )
  expect(await command(['adopt', 'Gone/Site'])).toContain('There is nothing to adopt')
  await redeliver('gone/site', refused.id)
  expect((await ci.ended({ project, number: 2 })).status).toBe('passed')
  expect(await ci.log({ project, number: 2 })).toContain('key=21')
})

test('a new repository under the old name of a renamed one starts anew, once it is adopted', async () => {
  await command(['secret', 'set', 'KEY', 'split/web'], 'a-key-of-many-letters')
  const at = await ci.write(SHOW)
  await ci.push(at, 'split/web', 'master')
  await ci.ended({ project: 'gh/split/web', number: 1 })
  await ci.api('PATCH', '/repos/split/web', { name: 'web-legacy' })
  const { id } = await ci.api('POST', '/orgs/split/repos', { name: 'web' })
  await ci.push(at, 'split/web', 'master')
  expect(await answerOf('split/web', 1)).toMatchObject({ status: 409 })
  expect(await command(['adopt', 'split/web'])).toMatch(/starts without .* stay with split\/web-legacy\./)

  const project = `gh/split/web@${id}`
  await ci.push(at, 'split/web', 'master')
  expect((await ci.ended({ project, number: 1 })).status).toBe('passed')
  expect(await ci.log({ project, number: 1 })).toContain('repo=split/web key=0')
  expect((await page(`/${project}/builds/1`)).status).toBe(200)
  expect(await command(['secret', 'list', 'split/web'])).toContain('There are no secrets')
  expect(await command(['builds', 'split/web'])).toMatch(/^BUILD .*\n#1 /)

  await ci.push(at, 'split/web-legacy', 'master')
  await ci.ended({ project: 'gh/split/web', number: 2 })
  expect(await ci.log({ project: 'gh/split/web', number: 2 })).toContain('repo=split/web-legacy key=21')
})
