import { zstdCompressSync } from 'node:zlib'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cachePrefix } from '../../../src/records/keys.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem()
})
afterAll(() => ci.close())

/** Installs what is not there yet, and says which of the two it was. */
const INSTALL = `
for place in deps "$HOME/.tool"; do
  if [ -e "$place/made" ]; then echo "found $place by $(cat "$place/made")"; else
    mkdir -p "$place/bin"; echo "$LAMBCI_BUILD_NUM" > "$place/made"; ln -s ../made "$place/bin/link"
    printf '#!/bin/sh\\necho runs\\n' > "$place/bin/run"; chmod 755 "$place/bin/run"; echo "made $place"; fi
  "$place/bin/run"
done`

const files = (cache: unknown, rest: Record<string, string> = {}) => ({
  ...lambciJson(INSTALL, { cache }),
  ...rest,
})
const keysOf = async (repository: string) =>
  (await ci.system.store.list(cachePrefix(`gh/${repository}`, 'protected'))).map(({ key }) => key)

/** In a sandbox that is cold, so that what is restored comes from the bucket. */
function build(at: string, repository: string, number: number, more: Record<string, string> = {}) {
  ci.killSandboxes()
  return buildWarm(at, repository, number, more)
}

async function buildWarm(at: string, repository: string, number: number, more: Record<string, string> = {}) {
  const branch = 'master'
  await ci.push(at, repository, branch, { ...more, 'number.txt': String(number) })
  const view = await ci.ended({ project: `gh/${repository}`, number })
  // It is saved when everybody has been told.
  await ci.settled()
  return { view, log: await ci.log(view) }
}

test('what is declared is there again, files, links and modes, in the workspace and in HOME', async () => {
  const at = await ci.write(files(['deps', '~/.tool']))
  const first = await build(at, 'kept/simple', 1)
  expect(first.view.status, first.log).toBe('passed')
  expect(first.log).toMatch(/▸ There is no cache of deps, ~\/\.tool yet\n/)
  expect(first.log).toMatch(/made deps\nruns\nmade .*\/\.tool\nruns\n/)
  expect(await keysOf('kept/simple')).toHaveLength(3)
  const second = await build(at, 'kept/simple', 2)
  expect(second.log).toMatch(/▸ Restored deps, ~\/\.tool from the cache in [\d.]+ s\n/)
  expect(second.log).toMatch(/found deps by 1\nruns\nfound .*\/\.tool by 1\nruns\n/)
  expect(second.view.timings.cache).toBeGreaterThan(0)
})

test('files tell whether it still fits; else the newest is a start, and is saved anew', async () => {
  const at = await ci.write(files([{ paths: ['deps', '~/.tool'], key: ['lock'] }], { lock: '1' }))
  await build(at, 'kept/keyed', 1)
  const data = async () => (await keysOf('kept/keyed')).filter(key => key.endsWith('.tar.zst'))
  expect(await data()).toHaveLength(1)
  expect((await build(at, 'kept/keyed', 2)).log).toMatch(/from the cache in/)
  expect(await data()).toHaveLength(1)
  const changed = await build(at, 'kept/keyed', 3, { lock: '2' })
  expect(changed.log).toMatch(/▸ Restored deps, ~\/\.tool from the cache of master in/)
  expect(changed.log).toContain('found deps by 1')
  expect(await data()).toHaveLength(2)
})

test('another branch starts with what the default branch has', async () => {
  const at = await ci.write(files(['deps', '~/.tool']))
  await build(at, 'kept/branches', 1)
  await ci.push(at, 'kept/branches', 'qa')
  const view = await ci.ended({ project: 'gh/kept/branches', number: 2 })
  expect(await ci.log(view)).toMatch(/from the cache of master in/)
})

test('of what is declared only some may be there', async () => {
  const at = await ci.write(
    lambciJson('ls deps; mkdir -p deps/made', { cache: ['other', 'deps', '~/.none'] }),
  )
  await build(at, 'kept/some', 1)
  const { log } = await build(at, 'kept/some', 2)
  expect(log).toMatch(/▸ Restored other, deps, ~\/\.none from the cache in/)
  expect(log).toContain('\nmade\n')
})

test('a build that fails saves nothing', async () => {
  const at = await ci.write({ ...lambciJson('mkdir deps; exit 1', { cache: ['deps'] }) })
  await build(at, 'kept/failed', 1)
  expect(await keysOf('kept/failed')).toEqual([])
})

test('a sandbox that is warm still has it; nobody else sees it there', async () => {
  const at = await ci.write(files(['deps', '~/.tool']))
  await build(at, 'kept/warm', 1)
  for (const number of [2, 3]) {
    const { log } = await buildWarm(at, 'kept/warm', number)
    expect(log).toMatch(/▸ Restored deps, ~\/\.tool from the build before, in 0\.\d s\n/)
    expect(log).toMatch(/found deps by 1\nruns\nfound .*\/\.tool by 1\nruns\n/)
  }
  const other = await ci.write(lambciJson('ls -A ..; find ../caches -mindepth 1; echo end of it'))
  const { log } = await buildWarm(other, 'kept/other', 1)
  expect(log).toMatch(/\ncaches\n[^▸]*\nend of it\n/)
  expect(log).not.toMatch(/\.\.\/caches\//)
  expect((await buildWarm(at, 'kept/warm', 4)).log).toMatch(/▸ Restored deps, ~\/\.tool from the cache in/)
})

test('what stands for files is the same in every sandbox, whatever a command does to it', async () => {
  const spoil =
    'mkdir -p deps; cat deps/* || echo 1 > deps/made; if [ -e spoil ]; then echo 2 > deps/made; fi'
  const cache = [{ paths: ['deps'], key: ['lock'] }]
  const at = await ci.write({ ...lambciJson(spoil, { cache }), lock: '1' })
  await build(at, 'kept/spoilt', 1)
  const spoilt = await buildWarm(at, 'kept/spoilt', 2, { spoil: '' })
  expect(spoilt.log).toMatch(/Restored deps from the build before/)
  const { log } = await buildWarm(at, 'kept/spoilt', 3)
  expect(log).toMatch(/Restored deps from the cache in [\s\S]*\n1\n/)
})

test('what the commit brings is tested as it is there, and not as it once was', async () => {
  const tells = 'cat vendor/tracked; mkdir -p deps; ls deps; date > deps/made'
  const at = await ci.write({
    ...lambciJson(tells, { cache: ['deps', 'vendor'] }),
    'vendor/tracked': 'old\n',
  })
  await build(at, 'kept/tracked', 1)
  for (const each of [build, buildWarm]) {
    const number = each === build ? 2 : 3
    const { log } = await each(at, 'kept/tracked', number, { 'vendor/tracked': `new ${number}\n` })
    expect(log).toContain('▸ The cache of deps, vendor is left out: the repository itself has vendor\n')
    expect(log).toContain(`new ${number}\n`)
  }
  expect(await keysOf('kept/tracked')).toEqual([])
})

test('a pull request starts with what the default branch has, and leaves its own', async () => {
  const at = await ci.write(files([{ paths: ['deps', '~/.tool'], key: ['lock'] }], { lock: '1' }))
  await build(at, 'kept/pull', 1)
  await ci.push(at, 'kept/pull', 'topic')
  await ci.api('POST', '/repos/kept/pull/pulls', { title: 'x', head: 'topic', base: 'master' })
  const trusts = await Promise.all([2, 3].map(number => ci.ended({ project: 'gh/kept/pull', number })))
  const pulls = trusts.filter(({ trust, status }) => trust === 'branch' && status === 'passed')
  expect(pulls.length).toBeGreaterThan(0)
  for (const pull of pulls) expect(await ci.log(pull)).toMatch(/▸ Restored deps, ~\/\.tool from the cache in/)
})

test('of two caches of which one lies in the other both are saved', async () => {
  const cmd = 'ls deps/inner || true; mkdir -p deps/inner; touch deps/inner/made deps/outer'
  const at = await ci.write(lambciJson(cmd, { cache: [{ paths: ['deps'] }, { paths: ['deps/inner'] }] }))
  await build(at, 'kept/nested', 1)
  expect((await keysOf('kept/nested')).filter(key => key.endsWith('.zst'))).toHaveLength(2)
  expect((await build(at, 'kept/nested', 2)).log).toContain('\nmade\n')
  expect((await buildWarm(at, 'kept/nested', 3)).log).toContain('\nmade\n')
})

test('a broken cache is a warning, and leaves nothing half done', async () => {
  const at = await ci.write(files(['deps', '~/.tool']))
  await build(at, 'kept/broken', 1)
  for (const [number, spoil] of [
    [2, (whole: Uint8Array) => whole.subarray(0, whole.length - 20)],
    [3, () => Buffer.from('no archive')],
  ] as const) {
    // What was saved after a broken one is another.
    for (const key of (await keysOf('kept/broken')).filter(each => each.endsWith('.tar.zst'))) {
      const whole = (await ci.system.store.get(key))?.body ?? new Uint8Array()
      await ci.system.store.put(key, spoil(whole), 'application/zstd')
    }
    const { view, log } = await build(at, 'kept/broken', number)
    expect(view.status).toBe('passed')
    expect(log).toMatch(/▸ The cache of deps, ~\/\.tool is broken, and is left out: \S/)
    expect(log).toContain('made deps')
  }
})

test('gigabytes in the place of a small record are not read', async () => {
  const at = await ci.write(files(['deps', '~/.tool']))
  await build(at, 'kept/swollen', 1)
  const { store } = ci.system
  const record = (await keysOf('kept/swollen')).find(key => /-[0-9a-f]{32}\.json$/.test(key)) ?? ''
  const whole = Buffer.from((await store.get(record))?.body ?? []).toString()
  await store.put(record, `${whole.slice(0, -1)}, "more": "${'x'.repeat(100_000)}"}`, 'application/json')
  const { view, log } = await build(at, 'kept/swollen', 2)
  expect(view.status).toBe('passed')
  expect(log).toMatch(/▸ The cache of deps, ~\/\.tool is broken, and is left out/)
})

test('an archive brings nothing but what was declared', async () => {
  const at = await ci.write(lambciJson('mkdir -p deps; ls -A . deps ~; echo done', { cache: ['deps'] }))
  await build(at, 'kept/narrow', 1)
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
  const key = (await keysOf('kept/narrow')).find(each => each.endsWith('.tar.zst')) ?? ''
  await ci.system.store.put(key, zstdCompressSync(stdout), 'application/zstd')
  const { view, log } = await build(at, 'kept/narrow', 2)
  expect(view.status).toBe('passed')
  expect(log).toMatch(/▸ Restored deps/)
  expect(log).toContain('\nkept\n')
  expect(log).not.toMatch(/evil|\.bashrc/)
})

test('a fork neither reads nor keeps', async () => {
  const config = { cache: ['deps', '~/.tool'], pullRequests: { fromForkPublicRepo: true } }
  const at = await ci.write(lambciJson(INSTALL, config))
  await build(at, 'kept/forked', 1)
  await ci.api('POST', '/repos/kept/forked/forks', { organization: 'stranger' })
  await ci.push(at, 'stranger/forked', 'topic')
  await ci.api('POST', '/repos/kept/forked/pulls', { title: 'x', head: 'stranger:topic', base: 'master' })
  const view = await ci.ended({ project: 'gh/kept/forked', number: 2 })
  const log = await ci.log(view)
  expect(view).toMatchObject({ status: 'passed', trust: 'fork' })
  expect(log).toContain('made deps')
  expect(log).not.toMatch(/cache of/)
  expect(await ci.system.store.list('cache/gh/kept/forked/fork')).toEqual([])
})
