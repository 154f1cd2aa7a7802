import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { WarmCache } from '../../../src/cache/warm-cache.ts'
import { openSandbox } from '../../../src/workspace/sandbox.ts'

const NAMES = ['workspace/deep/deps', 'home/.tool']
const STATE = { hash: 'h', tree: 't' }

let root: string
let at: string
let trees: WarmCache
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kept-'))
})
afterAll(() => rm(root, { recursive: true }))
beforeEach(async () => {
  at = await mkdtemp(join(root, 'sandbox-'))
  trees = new WarmCache(at, 1000)
  await nextBuild()
  for (const name of NAMES) {
    await mkdir(join(at, name), { recursive: true })
    await writeFile(join(at, name, 'made'), name)
  }
})

const nextBuild = () => openSandbox(at, false, [trees])
const aside = () => readdir(join(at, 'caches')).catch(() => [])
const read = (name: string) => readFile(join(at, name, 'made'), 'utf8').catch(() => null)

test('what is kept is there again, once', async () => {
  await trees.keep('a', STATE, NAMES, 10)
  expect(await read('home/.tool')).toBeNull()
  await nextBuild()
  expect(await trees.take('a', 'h')).toEqual(STATE)
  for (const name of NAMES) expect(await read(name)).toBe(name)
  await nextBuild()
  expect(await trees.take('a', 'h')).toBeNull()
  expect(await aside()).toEqual([])
})

test('of another state, or under another name, it is not; what nobody takes goes', async () => {
  await trees.keep('a', STATE, NAMES, 10)
  expect(await trees.take('a', 'other')).toBeNull()
  expect(await trees.take('b', 'h')).toBeNull()
  expect(await aside()).toEqual(['1'])
  await trees.clear()
  expect(await aside()).toEqual([])
  expect(await trees.take('a', 'h')).toBeNull()
})

test('something in its way stays, and nothing is half there', async () => {
  await trees.keep('a', STATE, NAMES, 10)
  await nextBuild()
  await mkdir(join(at, 'home/.tool'))
  await writeFile(join(at, 'home/.tool/made'), 'by the checkout')
  expect(await trees.take('a', 'h')).toBeNull()
  expect(await read('home/.tool')).toBe('by the checkout')
  expect(await read('workspace/deep/deps')).toBeNull()
})

test('a link leads nothing in or out', async () => {
  const outside = await mkdtemp(join(root, 'outside-'))
  await mkdir(join(outside, 'deps'))
  await writeFile(join(outside, 'deps', 'made'), 'mine')
  await rm(join(at, 'workspace/deep'), { recursive: true })
  await symlink(outside, join(at, 'workspace/deep'))
  await trees.keep('a', STATE, NAMES, 10)
  expect(await readFile(join(outside, 'deps', 'made'), 'utf8')).toBe('mine')
  expect([await aside(), await trees.take('a', 'h')]).toEqual([[], null])

  await rm(join(at, 'workspace/deep'))
  for (const name of NAMES) await mkdir(join(at, name), { recursive: true })
  await trees.keep('a', STATE, NAMES, 10)
  await nextBuild()
  await rm(join(outside, 'deps'), { recursive: true })
  await symlink(outside, join(at, 'workspace/deep'))
  expect(await trees.take('a', 'h')).toBeNull()
  expect(await readdir(outside)).toEqual([])
})

test.each<[string, (place: string) => Promise<unknown>]>([
  ['a file', place => writeFile(place, '')],
  ['a link to nowhere', place => symlink('/nowhere', place)],
  ['a directory that nobody may enter', place => mkdir(place, { mode: 0o000 })],
  ['a link to others', place => symlink(join(root, 'others'), place)],
])('%s in the place of all that is kept is cleaned away', async (_, put) => {
  await mkdir(join(root, 'others', 'deep'), { recursive: true })
  await rm(join(at, 'caches'), { recursive: true, force: true })
  await put(join(at, 'caches'))
  await nextBuild()
  for (const name of NAMES) await mkdir(join(at, name), { recursive: true })
  await trees.keep('a', STATE, NAMES, 10)
  await nextBuild()
  expect(await trees.take('a', 'h')).toEqual(STATE)
  expect(await readdir(join(root, 'others'))).toEqual(['deep'])
})

test('what cannot be moved is not kept, and whatever else lies there goes', async () => {
  await trees.keep('a', STATE, [...NAMES, 'workspace/none'], 10)
  expect([await aside(), await trees.take('a', 'h')]).toEqual([[], null])
  await mkdir(join(at, 'caches', '9', 'left'), { recursive: true })
  await nextBuild()
  expect(await aside()).toEqual([])
})
