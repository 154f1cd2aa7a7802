import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Files, lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const MERGE = { pullRequests: { merge: true } }
const SHOW =
  'ls | tr "\\n" " "; echo "head $LAMBCI_COMMIT merge $LAMBCI_MERGE_COMMIT at $(git rev-parse HEAD)"'
const NEXT = 'Another change [skip ci]'

/** Pushes a base that is not built, and a topic branch of it into `head`; then the base gets another file. */
async function setUp(repository: string, head: string, base: Files, topic: Files) {
  const at = await ci.write({ ...base, 'shared.txt': 'one' })
  const first = await ci.push(at, repository, 'master', {}, NEXT)
  if (head !== repository) {
    await ci.api('POST', `/repos/${repository}/forks`, { organization: head.split('/')[0] })
  }
  const moved = await ci.push(at, repository, 'master', { 'base.txt': 'x' }, NEXT)
  await ci.git(at, 'checkout', '--quiet', '-b', 'topic', first)
  const commit = await ci.push(at, head, 'topic', topic, NEXT)
  return { at, commit, moved }
}

const open = (repository: string, head: string) =>
  ci.api('POST', `/repos/${repository}/pulls`, { title: 'Better', head, base: 'master', body: '' })

test('a pull request is tested as merged into a base that has moved; with a conflict it is errored', async () => {
  const files = { ...lambciJson(SHOW, MERGE), 'topic.txt': 'x' }
  const { at, commit, moved } = await setUp('merging/self', 'merging/self', lambciJson('false'), files)
  const { number } = await open('merging/self', 'topic')
  const builds = [1, 2, 3].map(each => ({ project: 'gh/merging/self', number: each }))
  const [first, second] = builds
  if (!first || !second) throw new Error('No builds')
  const view = await ci.ended(first)
  const merge = view.merge ?? ''
  expect(view).toMatchObject({ status: 'passed', commit, merge: expect.stringMatching(/^[0-9a-f]{40}$/) })
  const log = await ci.log(first)
  expect(log).toContain(`base.txt shared.txt topic.txt head ${commit} merge ${merge} at ${merge}\n`)
  expect(log).toContain(
    `Merge      Commit ${merge.slice(0, 10)} is tested: the head, merged into the base branch at ${moved.slice(0, 10)}.`,
  )
  expect(await ci.statuses('merging/self', commit)).toContainEqual(
    expect.stringMatching(/^success lambci\/pr/),
  )
  const page = `${ci.system.addresses.url}/gh/merging/self/builds/1`
  const json = await (await fetch(page, { headers: { accept: 'application/json' } })).json()
  expect(json).toMatchObject({ commit, merge })
  expect(await (await fetch(page)).text()).toContain(
    `<code>${commit.slice(0, 10)}</code></a> merged into master (<code>${merge.slice(0, 10)}</code>)`,
  )

  await ci.git(at, 'checkout', '--quiet', 'master')
  await ci.push(at, 'merging/self', 'master', { 'shared.txt': 'two' }, NEXT)
  await ci.git(at, 'checkout', '--quiet', 'topic')
  const conflicting = await ci.push(at, 'merging/self', 'topic', { 'shared.txt': 'three' }, NEXT)
  expect(await ci.ended(second)).toMatchObject({
    status: 'errored',
    commit: conflicting,
    merge: null,
    reason: expect.stringContaining(
      `Pull request #${number} has no merge into master to test: it has conflicts`,
    ),
  })
  expect(await ci.log(second)).toContain(
    `GitHub has not computed the merge of pull request #${number} yet. Trying again in `,
  )
  expect(await ci.statuses('merging/self', conflicting)).toContainEqual(
    expect.stringMatching(/^error lambci\/pr/),
  )
})

test("a fork's pull request is tested as merged if the base says so", async () => {
  const base = lambciJson('false', { ...MERGE, timeout: 60 })
  const topic = lambciJson(SHOW, { pullRequests: { merge: false }, timeout: 90 })
  const { commit } = await setUp('merging/base', 'merger/base', base, topic)
  await open('merging/base', 'merger:topic')
  const build = { project: 'gh/merging/base', number: 1 }
  const view = await ci.ended(build)
  expect(view).toMatchObject({ status: 'passed', trust: 'fork', commit, merge: expect.any(String) })
  const log = await ci.log(build)
  expect(log).toContain(`base.txt shared.txt head ${commit} merge ${view.merge} at ${view.merge}\n`)
  expect(log).toContain('Timeout    60 seconds')
})

test('a pull request that gets another base is built by the rules of that one, and pending until then', async () => {
  const gate = ci.gate()
  const rule = (cmd: string) => ({ pullRequests: { fromForkPublicRepo: { build: true, cmd } } })
  const { at, commit } = await setUp('merging/old', 'merger/old', lambciJson('true', rule('true')), {})
  const other = lambciJson('true', rule(`${gate.wait}; echo "into $LAMBCI_BRANCH"; false`))
  await ci.git(at, 'checkout', '--quiet', 'master')
  await ci.push(at, 'merging/old', 'other', other, NEXT)
  const { number } = await open('merging/old', 'merger:topic')
  const [green, red] = [1, 2].map(each => ({ project: 'gh/merging/old', number: each }))
  if (!green || !red) throw new Error('No builds')
  expect(await ci.ended(green)).toMatchObject({ status: 'passed', branch: 'master' })
  const last = async () => (await ci.statuses('merging/old', commit)).at(-1) ?? ''
  expect(await last()).toMatch(/^success lambci\/pr/)
  await ci.api('PATCH', `/repos/merging/old/pulls/${number}`, { base: 'other' })
  await ci.until('a pending status', async () => (await last()).startsWith('pending lambci/pr'))
  await gate.open()
  expect(await ci.ended(red)).toMatchObject({ status: 'failed', branch: 'other', commit })
  expect(await ci.log(red)).toContain('into other\n')
  expect(await last()).toMatch(/^failure lambci\/pr/)
})
