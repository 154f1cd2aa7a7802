import { zstdCompressSync } from 'node:zlib'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cachePrefix, jobKeys, variablesKeys } from '../../../src/records/keys.ts'
import { putJson } from '../../support/bucket.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

/** Creates each cached directory unless it exists, and prints which of the two happened. */
const INSTALL = `
for path in deps "$HOME/.tool"; do
  if [ -e "$path/made" ]; then echo "found $path by $(cat "$path/made")"; else
    mkdir -p "$path/bin"; echo "$LAMBCI_BUILD_NUM" > "$path/made"; ln -s ../made "$path/bin/link"
    printf '#!/bin/sh\\necho runs\\n' > "$path/bin/run"; chmod 755 "$path/bin/run"; echo "made $path"; fi
  "$path/bin/run"
done`

const files = (cache: unknown, rest: Record<string, string> = {}) => ({
  ...lambciJson(INSTALL, { cache }),
  ...rest,
})
const keysOf = async (repository: string) =>
  (await ci.system.store.list(cachePrefix(`gh/${repository}`, 'protected'))).map(({ key }) => key)

type Build = [at: string, repository: string, number: number, more?: Record<string, string>]

/** Builds in a new sandbox. The first build of a repository has no cache, so it may use a warm one. */
function buildCold(...build: Build) {
  if (build[2] > 1) ci.killSandboxes('protected')
  return buildWarm(...build)
}

/** Builds without local caches, so that they are restored from the bucket. */
async function build(...build: Build) {
  if (build[2] > 1) await ci.removeLocalCaches()
  return buildWarm(...build)
}

async function buildWarm(
  ...[at, repository, number, more = {}, branch = 'master']: [...Build, branch?: string]
) {
  await ci.push(at, repository, branch, { ...more, 'number.txt': String(number) })
  const view = await ci.ended({ project: `gh/${repository}`, number })
  // The cache is saved after the end of the build.
  await ci.settled()
  return { view, log: await ci.log(view) }
}

test('declared paths in the workspace and in HOME are restored, with links and modes; those that do not exist are ignored', async () => {
  const at = await ci.write(files(['other', 'deps', '~/.tool', '~/.none']))
  const first = await build(at, 'cached/simple', 1)
  expect(first.view.status, first.log).toBe('passed')
  expect(first.log).toMatch(/▸ No cache of other, deps, ~\/\.tool, ~\/\.none yet\n/)
  expect(first.log).toMatch(/made deps\nruns\nmade .*\/\.tool\nruns\n/)
  // One archive, its record, what the branch saved last, and how saving went.
  expect(await keysOf('cached/simple')).toHaveLength(4)
  const second = await buildCold(at, 'cached/simple', 2)
  expect(second.log).toMatch(/▸ Restored other, deps, ~\/\.tool, ~\/\.none from the cache in [\d.]+ s\n/)
  expect(second.log).toMatch(/found deps by 1\nruns\nfound .*\/\.tool by 1\nruns\n/)
  expect(second.view.timings.cache).toBeGreaterThan(0)
})

/** Deploys a commit. Returns the log of its deploy, whose cache has been saved then. */
async function deployed(at: string, repository: string, number: number, more: Record<string, string> = {}) {
  const build = { project: `gh/${repository}`, number }
  await ci.push(at, repository, 'master', { ...more, 'number.txt': String(number) })
  expect(await ci.ended(build)).toMatchObject({ status: 'passed', deploy: { status: 'succeeded' } })
  await ci.settled()
  return Buffer.from(
    (await ci.system.store.get(jobKeys(build, { key: 1, attempt: 1 }).log.whole))?.body ?? '',
  ).toString()
}

test('the second deploy to a stage restores what the first one has saved, by default the top-level cache; it may have one of its own, or none', async () => {
  const config = (deploy: unknown) =>
    lambciJson('mkdir deps; date > deps/by-tests', { cache: ['deps'], stages: { master: 'dev' }, deploy })
  const at = await ci.write(config(INSTALL))
  const next = (number: number, deploy: unknown) => deployed(at, 'cached/deploys', number, config(deploy))
  const first = await next(1, INSTALL)
  expect(first).toMatch(/▸ No cache of deps yet\n/)
  expect(first).toContain('made deps\n')
  ci.killSandboxes('deploy')
  const second = await next(2, INSTALL)
  expect(second).toMatch(/▸ Restored deps from the cache in [\d.]+ s\n/)
  expect(second).toContain('found deps by 1\n')
  const own = { cmd: INSTALL, cache: ['~/.tool'] }
  expect(await next(3, own)).toMatch(/▸ No cache of ~\/\.tool yet\n/)
  const withOwn = await next(4, own)
  // In the same process, it is still there.
  expect(withOwn).toMatch(/▸ Restored ~\/\.tool from the previous build in/)
  expect(withOwn).toContain('made deps\n')
  expect(withOwn).toMatch(/found .*\/\.tool by 3\n/)
  expect(await next(5, { cmd: INSTALL, cache: false })).not.toMatch(/▸ (No cache|Cache|Restored)/)
  const keys = (await ci.system.store.list(cachePrefix('gh/cached/deploys', 'deploy'))).map(({ key }) => key)
  expect(keys).not.toEqual([])
  for (const key of keys) expect(key).toMatch(/^cache\/gh\/cached\/deploys\/deploy\/dev\//)
})

test('a failed build saves no cache', async () => {
  const at = await ci.write({ ...lambciJson('mkdir deps; exit 1', { cache: ['deps'] }) })
  await build(at, 'cached/failed', 1)
  expect(await keysOf('cached/failed')).toEqual([])
})

test('a warm sandbox keeps the cache locally, where no other repository sees it', async () => {
  const at = await ci.write(files(['deps', '~/.tool']))
  // Repositories share the sandboxes of branches that do not deploy.
  const onTopic = (at: string, repository: string, number: number) =>
    buildWarm(at, repository, number, {}, 'topic')
  await onTopic(at, 'cached/warm', 1)
  const second = await onTopic(at, 'cached/warm', 2)
  expect(second.log).toMatch(/▸ Restored deps, ~\/\.tool from the previous build in 0\.\d s\n/)
  expect(second.log).toMatch(/found deps by 1\nruns\nfound .*\/\.tool by 1\nruns\n/)
  const other = await ci.write(lambciJson('ls -A ..; find ../caches -mindepth 1; echo end of it'))
  const { log } = await onTopic(other, 'cached/other', 1)
  expect(log).toMatch(/\ncaches\n[^▸]*\nend of it\n/)
  expect(log).not.toMatch(/\.\.\/caches\//)
  expect((await onTopic(at, 'cached/warm', 3)).log).toMatch(/▸ Restored deps, ~\/\.tool from the cache in/)
})

test('a cache with key files is the saved one in every sandbox, even if a command has changed it; with a changed key file, it starts from the newest one, and is saved again', async () => {
  const spoil =
    'mkdir -p deps; cat deps/* || echo 1 > deps/made; if [ -e spoil ]; then echo 2 > deps/made; fi'
  const cache = [{ paths: ['deps'], key: ['lock'] }]
  const at = await ci.write({ ...lambciJson(spoil, { cache }), lock: '1' })
  const data = async () => (await keysOf('cached/keyed')).filter(key => key.endsWith('.tar.zst'))
  await build(at, 'cached/keyed', 1)
  const spoilt = await buildWarm(at, 'cached/keyed', 2, { spoil: '' })
  expect(spoilt.log).toMatch(/Restored deps from the previous build/)
  const { log } = await buildWarm(at, 'cached/keyed', 3)
  expect(log).toMatch(/Restored deps from the cache in [\s\S]*\n1\n/)
  expect(await data()).toHaveLength(1)
  const changed = await build(at, 'cached/keyed', 4, { lock: '2' })
  expect(changed.log).toMatch(/▸ Restored deps from the cache of master in [\s\S]*\n1\n/)
  expect(await data()).toHaveLength(2)
})

test('what cannot be saved is said in the log of the next build, without secrets', async () => {
  // A directory whose path is longer than any path may be.
  const cmd =
    'mkdir -p "deps/$NAME"; cd "deps/$NAME"; for n in {1..30}; do mkdir $(printf "y%.0s" {1..200}); cd y*; done'
  const repository = 'cached/deep'
  await putJson(ci.system.store, variablesKeys(`gh/${repository}`)[1], { NAME: 'hidden-in-a-name' })
  const at = await ci.write(lambciJson(cmd, { cache: ['deps'] }))
  expect((await build(at, repository, 1)).log).not.toContain('could not save')
  const { view, log } = await build(at, repository, 2)
  expect(view.status).toBe('passed')
  expect(log).toMatch(/▸ Build #1 could not save the cache of deps: ENAMETOOLONG: .*\/deps\/\*\*\*\/yyy/)
  expect(log).not.toContain('hidden-in-a-name')
})

test('a cache never replaces files of the commit', async () => {
  const cmd = 'cat vendor/tracked; mkdir -p deps; ls deps; date > deps/made'
  const at = await ci.write({
    ...lambciJson(cmd, { cache: ['deps', 'vendor'] }),
    'vendor/tracked': 'old\n',
  })
  for (const [number, each] of [build, buildWarm].entries()) {
    const text = `new ${number}\n`
    const { log } = await each(at, 'cached/tracked', number + 1, { 'vendor/tracked': text })
    expect(log).toContain('▸ Cache of deps, vendor skipped: the repository itself contains vendor\n')
    expect(log).toContain(`\n${text}`)
  }
  expect(await keysOf('cached/tracked')).toEqual([])
})

test('a cache inside another one is saved and restored as well', async () => {
  const cmd = 'ls deps/inner || true; mkdir -p deps/inner; touch deps/inner/made deps/outer'
  const at = await ci.write(lambciJson(cmd, { cache: [{ paths: ['deps'] }, { paths: ['deps/inner'] }] }))
  await build(at, 'cached/nested', 1)
  expect((await keysOf('cached/nested')).filter(key => key.endsWith('.zst'))).toHaveLength(2)
  expect((await build(at, 'cached/nested', 2)).log).toContain('\nmade\n')
  expect((await buildWarm(at, 'cached/nested', 3)).log).toContain('\nmade\n')
})

describe('a cache that was changed in the bucket', () => {
  const repository = 'cached/changed'
  let at: string
  let number = 1
  beforeAll(async () => {
    at = await ci.write(files(['deps', '~/.tool']))
    await build(at, repository, 1)
  })
  const nextBuild = (more?: Record<string, string>) => build(at, repository, ++number, more)

  /** Changes each archive: one is saved after each that was broken. */
  async function changeArchives(change: (whole: Uint8Array) => Uint8Array) {
    const archives = (await keysOf(repository)).filter(key => key.endsWith('.tar.zst'))
    expect(archives.length).toBeGreaterThan(0)
    for (const key of archives) {
      const whole = (await ci.system.store.get(key))?.body ?? new Uint8Array()
      await ci.system.store.put(key, change(whole), 'application/zstd')
    }
  }

  test.each<[string, (whole: Uint8Array) => Uint8Array]>([
    ['cut off', whole => whole.subarray(0, whole.length - 20)],
    ['replaced', () => Buffer.from('no archive')],
  ])('is skipped with a warning and restored in no part: %s', async (_, change) => {
    await changeArchives(change)
    const { view, log } = await nextBuild()
    expect(view.status).toBe('passed')
    expect(log).toMatch(/▸ Cache of deps, ~\/\.tool ignored because it is broken: \S/)
    expect(log).toContain('made deps')
  })

  test('is not read if its record is oversized', async () => {
    const { store } = ci.system
    const records = (await keysOf(repository)).filter(key => /\/[0-9a-f]{32}-[0-9a-f]{32}\.json$/.test(key))
    expect(records.length).toBeGreaterThan(0)
    for (const record of records) {
      const whole = Buffer.from((await store.get(record))?.body ?? []).toString()
      await store.put(record, `${whole.slice(0, -1)}, "more": "${'x'.repeat(100_000)}"}`, 'application/json')
    }
    const { view, log } = await nextBuild()
    expect(view.status).toBe('passed')
    expect(log).toMatch(/▸ Cache of deps, ~\/\.tool ignored because it is broken/)
  })

  test('brings only files of its declared paths', async () => {
    const root = await ci.write({
      'workspace/deps/kept': '',
      'workspace/evil': '',
      'home/.bashrc': '',
      'mirrors/evil': '',
    })
    const { stdout } = await execa('tar', ['--create', '--file=-', 'workspace', 'home', 'mirrors'], {
      cwd: root,
      encoding: 'buffer',
    })
    await changeArchives(() => zstdCompressSync(stdout))
    const list = lambciJson('mkdir -p deps; ls -A . deps ~; echo done', { cache: ['deps', '~/.tool'] })
    const { view, log } = await nextBuild(list)
    expect(view.status).toBe('passed')
    expect(log).toMatch(/▸ Restored deps/)
    expect(log).toContain('\nkept\n')
    expect(log).not.toMatch(/evil|\.bashrc/)
  })
})

describe('a cache of the default branch', () => {
  const repository = 'cached/shared'
  const project = `gh/${repository}`
  let at: string
  let number = 1
  const nextLog = async () => ci.log(await ci.ended({ project, number: ++number }))
  beforeAll(async () => {
    const cache = [{ paths: ['deps'] }, { paths: ['~/.tool'], key: ['lock'] }]
    const config = { cache, pullRequests: { fromSelfPublicRepo: true, fromForkPublicRepo: true } }
    at = await ci.write({ ...lambciJson(INSTALL, config), lock: '1' })
    await build(at, repository, 1)
  })

  test('is what another branch starts from, unless it deploys', async () => {
    await ci.push(at, repository, 'topic')
    const topic = await nextLog()
    expect(topic).toMatch(/▸ Restored deps from the cache of master in/)
    expect(topic).toMatch(/▸ Restored ~\/\.tool from the cache in/)
    await ci.push(at, repository, 'qa')
    const qa = await nextLog()
    for (const path of ['deps', '~/.tool']) expect(qa).toContain(`▸ No cache of ${path} yet\n`)
  })

  test('is what a pull request starts from', async () => {
    await ci.push(at, repository, 'pulled', {}, 'A change [skip ci]')
    await ci.settled()
    await ci.removeLocalCaches()
    await ci.api('POST', `/repos/${repository}/pulls`, { title: 'x', head: 'pulled', base: 'master' })
    const view = await ci.ended({ project, number: ++number })
    expect(view).toMatchObject({ status: 'passed', trust: 'branch', trigger: 'pr/1' })
    expect(await ci.log(view)).toMatch(/▸ Restored ~\/\.tool from the cache in/)
  })

  test('is not for a fork, which saves none either', async () => {
    await ci.api('POST', `/repos/${repository}/forks`, { organization: 'stranger' })
    await ci.push(at, 'stranger/shared', 'topic')
    await ci.api('POST', `/repos/${repository}/pulls`, { title: 'x', head: 'stranger:topic', base: 'master' })
    const view = await ci.ended({ project, number: ++number })
    const log = await ci.log(view)
    expect(view).toMatchObject({ status: 'passed', trust: 'fork' })
    expect(log).toContain('made deps')
    expect(log).not.toMatch(/cache of/i)
    expect(await ci.system.store.list(`cache/${project}/fork`)).toEqual([])
  })
})
