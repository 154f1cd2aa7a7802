import { chmodSync, linkSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { divide } from '../../../src/cache/shards.ts'
import { readTree } from '../../../src/cache/tree.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tree-'))
})
afterAll(() => rm(root, { recursive: true }))

test('what needs one process to be unpacked is in one archive', () => {
  const write = (name: string) => {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), Buffer.alloc(2_000_000, name))
  }
  for (const name of ['t/a/1', 't/b/1', 't/c/1', 't/d/1', 't/closed/1', 't/closed/x/y/1', 't/closed/z/1'])
    write(name)
  for (const name of ['t/b/2', 't/d/2']) linkSync(join(root, 't/a/1'), join(root, name))
  linkSync(join(root, 't/c/1'), join(root, 't/closed/z/2'))
  chmodSync(join(root, 't/closed'), 0o555)
  const lists = divide(readTree(root, ['t']))
  expect(lists.length).toBeGreaterThan(1)
  const holding = (...names: string[]) => lists.filter(list => names.some(name => list.includes(name)))
  // Only its own archive can fill a read-only directory; a link needs what it links to.
  expect(
    holding('t/closed', 't/closed/1', 't/closed/x', 't/closed/x/y/1', 't/closed/z/2', 't/c/1'),
  ).toHaveLength(1)
  expect(holding('t/a/1', 't/b/2', 't/d/2')).toHaveLength(1)
  const all = lists.flat()
  for (const name of ['t/b/1', 't/d/1', 't/closed/x/y/1'])
    expect(all.filter(each => each === name)).toEqual([name])
  chmodSync(join(root, 't/closed'), 0o755)
})

test('a file with holes counts as what it takes', () => {
  mkdirSync(join(root, 'holes'))
  writeFileSync(join(root, 'holes/f'), 'x', { flush: true })
  const before = readTree(root, ['holes'])
  truncateSync(join(root, 'holes/f'), 1_000_000_000)
  const after = readTree(root, ['holes'])
  expect(after.bytes).toBeLessThan(before.bytes + 10_000)
  expect(after.digest).not.toBe(before.digest)
})
