import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, existsSync } from 'node:fs'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packTree, unpackTree } from '../../../src/cache/archive.ts'

const NEVER = new AbortController().signal
const hasZstd = spawnSync('zstd', ['--version']).status === 0
const MB = 1024 * 1024

let root: string
let source: string
/** A PATH with tar, but without zstd. */
let bare: string
let count = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'archive-'))
  bare = join(root, 'bin')
  await mkdir(bare)
  await symlink(spawnSync('which', ['tar']).stdout.toString().trim(), join(bare, 'tar'))
  source = join(root, 'source')
  await mkdir(join(source, 'deps', 'deep'), { recursive: true })
  await writeFile(join(source, 'deps', 'run'), '#!/bin/sh\n', { mode: 0o755 })
  await writeFile(join(source, 'deps', 'deep', 'large'), Buffer.alloc(3 * MB, 'words and words '))
  await writeFile(join(source, 'deps', 'a "name"\n-x'), 'odd')
  await symlink('../run', join(source, 'deps', 'deep', 'link'))
  await writeFile(join(source, 'other'), 'not requested')
})
afterAll(() => rm(root, { recursive: true }))

const NAMES = [
  'deps',
  'deps/run',
  'deps/deep',
  'deps/deep/large',
  'deps/deep/link',
  'deps/a "name"\n-x',
  'other',
]

async function pack(path: string, names = NAMES): Promise<Buffer> {
  const { packed, done } = packTree({ root: source, path }, names, NEVER)
  const [bytes] = await Promise.all([buffer(packed), done])
  return bytes
}
async function unpack(path: string, archive: Uint8Array, names = ['deps']): Promise<string> {
  const into = join(root, `into-${++count}`)
  await mkdir(into)
  const pieces = (async function* () {
    for (let at = 0; at < archive.length; at += MB) yield archive.subarray(at, at + MB)
  })()
  await unpackTree({ root: into, path }, names, pieces, NEVER)
  return into
}

const withCommand = process.env.PATH ?? ''
const pathOf = (codec: string) => (codec === 'the command' ? withCommand : bare)
describe.each(hasZstd ? ['the command', 'Node'] : ['Node'])('with zstd of %s', codec => {
  const path = () => pathOf(codec)

  test.each(hasZstd ? ['the command', 'Node'] : ['Node'])(
    'unpacks the same files that %s packed',
    async packer => {
      const archive = await pack(pathOf(packer))
      expect(archive.length).toBeLessThan(MB)
      const into = await unpack(path(), archive)
      expect((await lstat(join(into, 'deps', 'run'))).mode & 0o777).toBe(0o755)
      expect(await readlink(join(into, 'deps', 'deep', 'link'))).toBe('../run')
      for (const name of ['deps/deep/large', 'deps/a "name"\n-x'])
        expect((await readFile(join(into, name))).equals(await readFile(join(source, name)))).toBe(true)
      expect(existsSync(join(into, 'other'))).toBe(false)
    },
  )

  test.each<[string, (whole: Buffer) => Buffer]>([
    ['a truncated end', whole => whole.subarray(0, whole.length - 20)],
    ['no content', () => Buffer.alloc(0)],
    ['other content', () => Buffer.from('no archive at all')],
    [
      'changed bytes',
      whole => Buffer.concat([whole.subarray(0, 90), Buffer.from('!!!!'), whole.subarray(94)]),
    ],
  ])('an archive with %s is an error', async (_, corrupt) => {
    const archive = corrupt(await pack(path()))
    await expect(unpack(path(), archive)).rejects.toThrow(/\w/)
  })

  test('an aborted or impossible packing is an error', async () => {
    const controller = new AbortController()
    const { packed, done } = packTree({ root: source, path: path() }, NAMES, controller.signal)
    controller.abort()
    await expect(Promise.all([buffer(packed), done])).rejects.toThrow(/\w/)
    await expect(pack(join(root, 'nowhere'))).rejects.toThrow(/tar/)
  })

  test('names are not interpreted as patterns, and a time in the future is accepted', async () => {
    const at = join(source, 'odd\\n*name')
    await writeFile(at, '')
    await utimes(at, new Date('2040-01-01'), new Date('2040-01-01'))
    const archive = await pack(path(), ['odd\\n*name'])
    expect(await unpack(path(), archive, ['odd\\n*name', 'none']).then(into => readdir(into))).toEqual([
      'odd\\n*name',
    ])
  })

  test('a file that disappears during packing is skipped', async () => {
    const into = await unpack(path(), await pack(path(), [...NAMES, 'deps/gone']))
    expect(existsSync(join(into, 'deps', 'run'))).toBe(true)
  })

  test('modes and times are kept exactly', async () => {
    await chmod(join(source, 'deps', 'deep'), 0o555)
    await chmod(join(source, 'deps', 'run'), 0o467)
    const into = await unpack(path(), await pack(path()))
    for (const name of ['deps', 'deps/deep', 'deps/run', 'deps/deep/large']) {
      const [{ mode, mtimeMs }, is] = [await lstat(join(source, name)), await lstat(join(into, name))]
      expect({ name, mode: is.mode, mtimeMs: is.mtimeMs }).toEqual({ name, mode, mtimeMs })
    }
    await chmod(join(source, 'deps', 'deep'), 0o755)
    await chmod(join(source, 'deps', 'run'), 0o755)
  })

  test('a file that changes during packing is an error', async () => {
    const large = join(source, 'growing')
    await writeFile(large, randomBytes(32 * MB))
    const { packed, done } = packTree({ root: source, path: path() }, ['growing'], NEVER)
    // tar cannot have read all of it: pipes and buffers hold less.
    await once(packed, 'readable')
    appendFileSync(large, 'more')
    const packing = Promise.all([buffer(packed), done]).then(([{ length }]) => length)
    await expect(packing).rejects.toThrow('growing: file changed as we read it')
    await rm(large)
  })
})
