import { randomBytes } from 'node:crypto'
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FetchOptions, fetchCommit } from '../../../src/workspace/git.ts'
import { Mirrors } from '../../../src/workspace/mirrors.ts'
import { openSandbox } from '../../../src/workspace/sandbox.ts'
import { type GitServer, git, startGitServer } from '../../support/git-server.ts'

const TOKEN = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
const MB = 1024 * 1024

let root: string
let source: string
let server: GitServer
let sandbox: string
let mirrors: Mirrors
let commits: string[]

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'mirrors-'))
  source = join(root, 'source')
  await mkdir(source)
  await git(source, 'init', '-qb', 'main')
  commits = []
  for (const word of ['one', 'two', 'three', 'four', 'five']) {
    await writeFile(join(source, `${word}.txt`), randomBytes(2000).toString('hex'))
    await git(source, 'add', '-A')
    await git(source, 'commit', '-qm', word)
    commits.push(await git(source, 'rev-parse', 'HEAD'))
  }
  for (const name of ['repo', 'other', 'third'])
    await git(root, 'clone', '-q', '--mirror', source, join(root, 'served', 'owner', `${name}.git`))
  server = await startGitServer(join(root, 'served'))
})
afterAll(async () => {
  await server.close()
  await rm(root, { recursive: true })
})
beforeEach(async () => {
  sandbox = await mkdtemp(join(root, 'sandbox-'))
  mirrors = new Mirrors(sandbox, 100 * MB)
})
afterEach(() => server.behave({}))

/** Fetches a commit as a build does. Returns the workspace. */
async function build(index: number, more: Partial<FetchOptions> = {}, name = 'repo'): Promise<string> {
  const { workspace, home } = await openSandbox(sandbox, false, [mirrors])
  await fetchCommit({
    directory: workspace,
    home,
    remote: `${server.url}/owner/${name}.git`,
    commit: commits[index] ?? '',
    refs: ['refs/heads/main'],
    depth: 2,
    path: process.env.PATH ?? '',
    mirrors,
    deadline: Date.now() + 20_000,
    retryMs: 1,
    isPrivate: false,
    ...more,
  })
  expect(await git(workspace, 'rev-parse', 'HEAD')).toBe(commits[index])
  expect(await git(workspace, 'status', '--porcelain')).toBe('')
  await git(workspace, 'fsck', '--connectivity-only')
  return workspace
}

const mirrorNames = () => readdir(join(sandbox, 'mirrors')).catch(() => [])
const below = (path: string) => readdir(path, { recursive: true })
const subjects = (workspace: string) => git(workspace, 'log', '--format=%s')

describe('a mirror', () => {
  test('provides objects that were fetched before, without a copy', async () => {
    const first = await build(2)
    expect(await subjects(first)).toBe('three\ntwo')
    expect((await below(join(first, '.git', 'objects'))).filter(name => name.endsWith('.pack'))).toEqual([])
    // The same commit needs no request to the server.
    await server.behave({ password: 'unknown' })
    expect(await subjects(await build(2))).toBe('three\ntwo')
    await server.behave({})
    expect(await subjects(await build(4))).toBe('five\nfour')
    expect(await subjects(await build(0))).toBe('one')
    expect(await mirrorNames()).toEqual(['1.git'])
  })

  test('fetches only new objects', async () => {
    await build(3)
    const sizes = async () => {
      const pack = join(sandbox, 'mirrors', '1.git', 'objects', 'pack')
      const packs = (await readdir(pack)).filter(name => name.endsWith('.pack'))
      return Promise.all(packs.map(async name => (await readFile(join(pack, name))).length))
    }
    const [all = 0] = await sizes()
    await build(4)
    const added = (await sizes()).reduce((sum, size) => sum + size, 0) - all
    expect(added).toBeGreaterThan(0)
    expect(added).toBeLessThan(all / 1.5)
  })

  test('fetches more history for a greater depth', async () => {
    await build(4, { depth: 1 })
    expect(await subjects(await build(4, { depth: 4 }))).toBe('five\nfour\nthree\ntwo')
  })

  test('provides the requested depth, whatever was fetched in between', async () => {
    for (const index of [2, 4, 2, 3, 4])
      expect(await subjects(await build(index, { depth: 3 })).then(text => text.split('\n'))).toHaveLength(3)
  })

  test('uses the refs if the server serves only advertised commits', async () => {
    await server.behave({ oldProtocol: true })
    await build(1)
    expect(await subjects(await build(1))).toBe('two\none')
  })

  test('never contains the token', async () => {
    await server.behave({ password: TOKEN })
    await build(4, { token: TOKEN })
    const basic = Buffer.from(`x-access-token:${TOKEN}`).toString('base64')
    for (const name of await below(sandbox)) {
      const text = await readFile(join(sandbox, name), 'latin1').catch(() => '')
      expect(text).not.toContain(TOKEN)
      expect(text).not.toContain(basic)
    }
  })

  test('survives a failed fetch', async () => {
    await build(4)
    const gone = { commit: 'f'.repeat(40), previousCommit: commits[3] ?? null }
    await expect(build(4, gone)).rejects.toThrow(/is gone/)
    expect(await subjects(await build(4))).toBe('five\nfour')
  })

  const pathIn = (name: string) => join(sandbox, 'mirrors', '1.git', name)
  const packOf = async (end: string) => {
    const names = await readdir(pathIn('objects/pack'))
    return pathIn(`objects/pack/${names.find(name => name.endsWith(end))}`)
  }
  test.each<[string, () => Promise<unknown>]>([
    [
      'a changed object',
      async () => {
        const pack = await packOf('.pack')
        await chmod(pack, 0o644)
        const bytes = await readFile(pack)
        bytes[bytes.length - 30] = (bytes[bytes.length - 30] ?? 0) ^ 1
        await writeFile(pack, bytes)
      },
    ],
    ['changed settings', () => appendFile(pathIn('config'), '[core]\n\tfsmonitor = touch /tmp/pwned\n')],
    ['an additional file', () => writeFile(pathIn('objects/info/alternates'), '/etc\n')],
    ['a missing file', async () => rm(await packOf('.idx'))],
    [
      'a link',
      async () => {
        const pack = await packOf('.pack')
        await writeFile(join(root, 'elsewhere'), await readFile(pack))
        await rm(pack)
        await symlink(join(root, 'elsewhere'), pack)
      },
    ],
    ['its directory removed', () => rm(pathIn(''), { recursive: true })],
    [
      'a file instead of its directory',
      async () => {
        await rm(pathIn(''), { recursive: true })
        await writeFile(join(sandbox, 'mirrors', '1.git'), '')
      },
    ],
  ])('is replaced if modified (%s), and the build succeeds', async (_, tamper) => {
    await build(3)
    await tamper()
    expect(await subjects(await build(4))).toBe('five\nfour')
    expect(await mirrorNames()).toContain('2.git')
    await build(4)
    expect(await mirrorNames()).toEqual(['2.git'])
  })
})

test('each repository has its own mirror; the least recently used are dropped', async () => {
  mirrors = new Mirrors(sandbox, 36_000)
  await build(4)
  await build(4, {}, 'other')
  expect((await mirrorNames()).length).toBe(2)
  await build(3)
  await build(4, {}, 'third')
  await openSandbox(sandbox, false, [mirrors])
  const remaining = await mirrorNames()
  expect(remaining).toContain('3.git')
  expect(remaining).not.toContain('2.git')
})

test("private mirrors are removed before another repository's command runs", async () => {
  await build(4, { isPrivate: true })
  await build(3, { isPrivate: true })
  expect(await mirrorNames()).toEqual(['1.git'])
  await build(4, {}, 'other')
  expect(await mirrorNames()).toEqual(['2.git'])
  await build(4, { isPrivate: true }, 'third')
  expect(await mirrorNames()).toEqual(['2.git', '3.git'])
  // This repository was public before.
  await build(4, { isPrivate: true }, 'other')
  await build(4)
  expect(await mirrorNames()).toEqual(['4.git'])
})

test('a mirror that exceeds the budget serves its build and is removed', async () => {
  mirrors = new Mirrors(sandbox, 10)
  expect(await subjects(await build(4))).toBe('five\nfour')
  await openSandbox(sandbox, false, [mirrors])
  expect(await mirrorNames()).toEqual([])
})

test('other files in the directory of mirrors are removed', async () => {
  await build(4)
  await writeFile(join(sandbox, 'mirrors', 'left'), '')
  await mkdir(join(sandbox, 'mirrors', '7.git', 'objects'), { recursive: true })
  await openSandbox(sandbox, false, [mirrors])
  expect(await mirrorNames()).toEqual(['1.git'])
})
