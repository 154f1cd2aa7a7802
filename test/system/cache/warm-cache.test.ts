import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { WarmCache } from '../../../src/cache/warm-cache.ts'
import { openSandbox } from '../../../src/workspace/sandbox.ts'

const NAMES = ['workspace/deep/deps', 'home/.tool']
const ARCHIVES = ['a.0.tar.zst', 'a.1.tar.zst']

let root: string
let sandbox: string
let warmCache: WarmCache
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kept-'))
})
afterAll(() => rm(root, { recursive: true }))
beforeEach(async () => {
  sandbox = await mkdtemp(join(root, 'sandbox-'))
  warmCache = new WarmCache(sandbox, 1000)
  await nextBuild()
  for (const name of NAMES) {
    await mkdir(join(sandbox, name), { recursive: true })
    await writeFile(join(sandbox, name, 'made'), name)
  }
})

const nextBuild = () => openSandbox(sandbox, false, [warmCache])
const aside = () => readdir(join(sandbox, 'caches')).catch(() => [])
const read = (name: string) => readFile(join(sandbox, name, 'made'), 'utf8').catch(() => null)

test('a kept cache can be taken once', async () => {
  await warmCache.keep('a', ARCHIVES, NAMES, 10)
  expect(await read('home/.tool')).toBeNull()
  await nextBuild()
  expect(await warmCache.take('a', ARCHIVES)).toBe(true)
  for (const name of NAMES) expect(await read(name)).toBe(name)
  await nextBuild()
  expect(await warmCache.take('a', ARCHIVES)).toBe(false)
  expect(await aside()).toEqual([])
})

test('a cache of other archives or with another id is not taken, and caches that are not taken are removed', async () => {
  await warmCache.keep('a', ARCHIVES, NAMES, 10)
  expect(await warmCache.take('a', ['b.0.tar.zst'])).toBe(false)
  expect(await warmCache.take('b', ARCHIVES)).toBe(false)
  expect(await aside()).toEqual(['1'])
  await warmCache.clear()
  expect(await aside()).toEqual([])
  expect(await warmCache.take('a', ARCHIVES)).toBe(false)
})

test('an occupied path stays as it is, and nothing is restored in part', async () => {
  await warmCache.keep('a', ARCHIVES, NAMES, 10)
  await nextBuild()
  await mkdir(join(sandbox, 'home/.tool'))
  await writeFile(join(sandbox, 'home/.tool/made'), 'by the checkout')
  expect(await warmCache.take('a', ARCHIVES)).toBe(false)
  expect(await read('home/.tool')).toBe('by the checkout')
  expect(await read('workspace/deep/deps')).toBeNull()
})

test('links are not followed in either direction', async () => {
  const outside = await mkdtemp(join(root, 'outside-'))
  await mkdir(join(outside, 'deps'))
  await writeFile(join(outside, 'deps', 'made'), 'mine')
  await rm(join(sandbox, 'workspace/deep'), { recursive: true })
  await symlink(outside, join(sandbox, 'workspace/deep'))
  await warmCache.keep('a', ARCHIVES, NAMES, 10)
  expect(await readFile(join(outside, 'deps', 'made'), 'utf8')).toBe('mine')
  expect([await aside(), await warmCache.take('a', ARCHIVES)]).toEqual([[], false])

  await rm(join(sandbox, 'workspace/deep'))
  for (const name of NAMES) await mkdir(join(sandbox, name), { recursive: true })
  await warmCache.keep('a', ARCHIVES, NAMES, 10)
  await nextBuild()
  await rm(join(outside, 'deps'), { recursive: true })
  await symlink(outside, join(sandbox, 'workspace/deep'))
  expect(await warmCache.take('a', ARCHIVES)).toBe(false)
  expect(await readdir(outside)).toEqual([])
})

test.each<[string, (path: string) => Promise<unknown>]>([
  ['a file', path => writeFile(path, '')],
  ['a link to nowhere', path => symlink('/nowhere', path)],
  ['a directory without permissions', path => mkdir(path, { mode: 0o000 })],
  ['a link to another directory', path => symlink(join(root, 'others'), path)],
])('%s instead of the directory of caches is replaced', async (_, put) => {
  await mkdir(join(root, 'others', 'deep'), { recursive: true })
  await rm(join(sandbox, 'caches'), { recursive: true, force: true })
  await put(join(sandbox, 'caches'))
  await nextBuild()
  for (const name of NAMES) await mkdir(join(sandbox, name), { recursive: true })
  await warmCache.keep('a', ARCHIVES, NAMES, 10)
  await nextBuild()
  expect(await warmCache.take('a', ARCHIVES)).toBe(true)
  expect(await readdir(join(root, 'others'))).toEqual(['deep'])
})

test('a cache that cannot be moved is not kept, and unknown files are removed', async () => {
  await warmCache.keep('a', ARCHIVES, [...NAMES, 'workspace/none'], 10)
  expect([await aside(), await warmCache.take('a', ARCHIVES)]).toEqual([[], false])
  await mkdir(join(sandbox, 'caches', '9', 'left'), { recursive: true })
  await nextBuild()
  expect(await aside()).toEqual([])
})
