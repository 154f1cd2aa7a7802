import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Build } from '../../../src/model/build.ts'
import { createRepository } from '../../../src/workspace/create-repository.ts'
import { Mirrors } from '../../../src/workspace/mirrors.ts'
import { writeRemoteBranches } from '../../../src/workspace/remote-branches.ts'
import { resolveCommit } from '../../../src/workspace/resolve-commit.ts'
import { type GitServer, git, startGitServer } from '../../support/git-server.ts'
import { FORKED, makeBuild, PULL } from '../../support/records.ts'

const CONFIG = JSON.stringify({ cmd: 'true', branches: { '/.*/': true } })
const POINTER = 'version https://git-lfs.github.com/spec/v1\n'

let root: string
let source: string
let server: GitServer
let sandbox: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'resolve-commit-'))
  source = join(root, 'served', 'ada', 'web.git')
  await mkdir(source, { recursive: true })
  await git(source, 'init', '-qb', 'master')
  server = await startGitServer(join(root, 'served'))
})
afterAll(async () => {
  await server.close()
  await rm(root, { recursive: true })
})
beforeEach(async () => {
  sandbox = await mkdtemp(join(root, 'sandbox-'))
  await mkdir(join(sandbox, 'home'))
})

/** Commits nothing but these files. */
async function commit(files: Record<string, string>): Promise<string> {
  await git(source, 'rm', '-rqf', '--ignore-unmatch', '.')
  for (const [name, text] of Object.entries({ '.lambci.json': CONFIG, ...files })) {
    await mkdir(dirname(join(source, name)), { recursive: true })
    await writeFile(join(source, name), text)
  }
  await git(source, 'add', '-A')
  await git(source, 'commit', '-q', '--allow-empty', '-m', 'A change')
  return git(source, 'rev-parse', 'HEAD')
}

const workspace = () => join(sandbox, 'workspace')
const resolve = (change: Partial<Build>, { path = process.env.PATH ?? '', mirrors = true } = {}) =>
  resolveCommit(makeBuild({ baseCommit: null, ...change }), {
    githubUrl: server.url,
    directory: workspace(),
    token: null,
    access: { home: join(sandbox, 'home'), path },
    mirrors: mirrors ? new Mirrors(sandbox, 1024 * 1024) : null,
    deadline: Date.now() + 30_000,
    retryMs: 1,
  })
const branches = async () =>
  (await git(workspace(), 'branch', '-r', '--format=%(refname:short) %(objectname)')).split('\n')

describe('after a checkout, the branches of origin are', () => {
  test('the one that was pushed, whatever its name', async () => {
    const pushed = await commit({})
    const name = `feature/ü${'x'.repeat(200)}`
    await resolve({ commit: pushed, branch: name, checkoutBranch: name })
    expect(await branches()).toEqual([`origin/${name} ${pushed}`])
    expect(await git(workspace(), 'rev-parse', `origin/${name}`)).toBe(pushed)
    await git(workspace(), 'pack-refs', '--all')
    await git(workspace(), 'fetch', '-q', 'origin', 'master')
    await git(workspace(), 'fsck', '--connectivity-only')
  })

  test("a pull request's", async () => {
    const head = await commit({})
    await resolve({ ...PULL, commit: head })
    expect(await branches()).toEqual([`origin/topic ${head}`])
  })

  test("the base of a fork's pull request, whose own branch may have the same name", async () => {
    const base = await commit({ 'a.txt': 'a' })
    const head = await commit({ 'b.txt': 'b' })
    await resolve({ ...FORKED, commit: head, baseCommit: base, checkoutBranch: 'master' })
    expect(await branches()).toEqual([`origin/master ${base}`])
    expect(await git(workspace(), 'diff', '--name-only', 'origin/master')).toBe('a.txt\nb.txt')
  })

  test('none for a name that git does not allow', async () => {
    const remoteBranches = [['../x', 'f'.repeat(40)]] as [string, string][]
    createRepository(join(workspace(), '.git'), new URL('https://github.com/ada/web.git'))
    writeRemoteBranches(workspace(), remoteBranches)
    expect(await git(workspace(), 'branch', '-r')).toBe('')
  })
})

test('the changed files are read where a job depends on them', async () => {
  const base = await commit({ 'a.txt': 'a' })
  const configWith = (paths: unknown) => ({
    '.lambci.json': JSON.stringify({ jobs: { a: { cmd: 'true', paths } } }),
  })
  const head = await commit({ ...configWith(['api']), 'a.txt': 'b' })
  expect((await resolve({ commit: head, baseCommit: base })).changedFiles).toEqual(['.lambci.json', 'a.txt'])
  const without = await commit({ ...configWith(false), 'a.txt': 'c' })
  sandbox = await mkdtemp(join(root, 'sandbox-'))
  await mkdir(join(sandbox, 'home'))
  expect((await resolve({ commit: without, baseCommit: base })).changedFiles).toBe(null)
})

describe('git.tags', () => {
  beforeAll(async () => {
    await commit({})
    await git(source, 'tag', 'v1.0')
    for (let n = 0; n < 7; n++) await git(source, 'commit', '-q', '--allow-empty', '-m', 'A change')
    const side = await git(source, 'commit-tree', '-m', 'elsewhere', 'HEAD^{tree}')
    await git(source, 'tag', '-a', '-m', 'Another branch', 'v2.0', side)
  })
  const describeHead = () => git(workspace(), 'describe', '--tags')

  test.each([
    ["in the repository's file", {}, { git: { tags: true } }, true],
    ["in the account's settings", { settings: { global: { git: { tags: true } } } }, {}, true],
    ['without a mirror, by an old server', {}, { git: { tags: true } }, false, true],
  ])('%s brings all tags, and the history that git describe needs', async (...row) => {
    const [, change, file, mirrors, oldProtocol = false] = row
    await server.behave({ oldProtocol })
    const head = await commit({ '.lambci.json': JSON.stringify({ ...JSON.parse(CONFIG), ...file }) })
    await resolve({ commit: head, ...change }, { mirrors })
    await server.behave({})
    expect(await git(workspace(), 'tag')).toBe('v1.0\nv2.0')
    expect(await describeHead()).toMatch(/^v1\.0-\d+-g/)
    await git(workspace(), 'fsck', '--connectivity-only')
  })

  test('is off by default', async () => {
    await resolve({ commit: await commit({}) })
    expect(await git(workspace(), 'tag')).toBe('')
  })

  test('in a repository without tags brings none', async () => {
    for (const tag of (await git(source, 'tag')).split('\n')) await git(source, 'tag', '-d', tag)
    const file = JSON.stringify({ ...JSON.parse(CONFIG), git: { tags: true } })
    await resolve({ commit: await commit({ '.lambci.json': file }) })
    expect(await git(workspace(), 'tag')).toBe('')
  })
})

describe('files in Git LFS', () => {
  const notes = async (files: Record<string, string>, path?: string) =>
    (await resolve({ commit: await commit(files) }, { ...(path && { path }) })).notes

  test.each([
    [
      'at the top',
      { '.gitattributes': '*.psd filter=lfs diff=lfs merge=lfs -text\n', 'art/a.psd': POINTER },
      'art/a.psd',
    ],
    ['in a directory', { 'art/.gitattributes': '*.psd filter=lfs\n', 'art/b.psd': POINTER }, 'art/b.psd'],
  ])('are mentioned if git-lfs is missing: attributes %s', async (_, files, name) => {
    expect(await notes(files)).toEqual([
      `1 file of this commit is in Git LFS, and git-lfs is not installed here: commands see a pointer instead of its content ("${name}"). See "The repository" in docs/configuration.md.`,
    ])
  })

  test('are not mentioned if there are none', async () => {
    const attributes = {
      '.gitattributes': '# *.psd filter=lfs\n*.jpg filter=lfs\n',
      'art/.gitattributes': '*.gif -diff\n',
    }
    expect(await notes({ ...attributes, 'a.psd': 'x', 'art/a.gif': 'x' })).toEqual([])
  })

  test('are not mentioned if git-lfs is installed', async () => {
    const bin = join(sandbox, 'bin')
    await mkdir(bin)
    await writeFile(join(bin, 'git-lfs'), '#!/bin/sh\n')
    await chmod(join(bin, 'git-lfs'), 0o755)
    const files = { '.gitattributes': '*.psd filter=lfs\n', 'a.psd': POINTER }
    expect(await notes(files, `${bin}:${process.env.PATH}`)).toEqual([])
  })
})
