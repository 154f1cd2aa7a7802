import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/model/user-error.ts'
import { type FetchOptions, fetchCommit, fetchObject, readFileAt } from '../../../src/workspace/git.ts'
import { type GitServer, git, startGitServer } from '../../support/git-server.ts'

const TOKEN = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'

let root: string
let source: string
let bare: string
let server: GitServer
let box: { workspace: string; home: string }
let main: string[] = []
let pull: string
let dropped: string
let hostile: string

async function commit(message: string): Promise<string> {
  await writeFile(join(source, 'story.txt'), message)
  await git(source, 'add', '-A')
  await git(source, 'commit', '-qm', message)
  return git(source, 'rev-parse', 'HEAD')
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'git-'))
  source = join(root, 'source')
  bare = join(root, 'served', 'owner', 'repo.git')
  await mkdir(source)
  await git(source, 'init', '-qb', 'main')
  await writeFile(join(source, '.lambci.json'), '{"cmd": "base"}')
  await symlink('/etc/passwd', join(source, 'package.json'))
  await writeFile(join(source, 'large.json'), 'x'.repeat(256 * 1024 + 1))
  main = []
  for (const word of ['one', 'two', 'three', 'four']) main.push(await commit(word))
  await git(source, 'checkout', '-qb', 'topic', main[0]!)
  pull = await commit('pull')
  hostile = '--upload-pack=touch$IFS$(pwned);`id`&x'
  await git(source, 'update-ref', `refs/heads/${hostile}`, pull)
  await git(root, 'clone', '-q', '--mirror', source, bare)
  await git(bare, 'update-ref', 'refs/pull/3/head', pull)
  await git(bare, 'update-ref', '-d', 'refs/heads/topic')
  dropped = 'f'.repeat(40)
  server = await startGitServer(join(root, 'served'))
})
afterAll(async () => {
  await server.close()
  await rm(root, { recursive: true })
})

beforeEach(async () => {
  const sandbox = await mkdtemp(join(root, 'sandbox-'))
  box = { workspace: join(sandbox, 'workspace'), home: join(sandbox, 'home') }
  await mkdir(box.workspace)
  await mkdir(box.home)
})
afterEach(() => server.behave({}))

const wanted = (more: Partial<FetchOptions> = {}): FetchOptions => ({
  directory: box.workspace,
  remote: `${server.url}/owner/repo.git`,
  commit: main[3]!,
  refs: ['refs/heads/main'],
  depth: 1,
  home: box.home,
  path: process.env.PATH ?? '',
  deadline: Date.now() + 20_000,
  ...more,
})

const story = () => readFile(join(box.workspace, 'story.txt'), 'utf8')

async function problem(work: Promise<unknown>): Promise<string> {
  const failure = await work.then(
    () => new Error('nothing failed'),
    error => error,
  )
  expect(failure).toBeInstanceOf(UserError)
  return failure.message
}

describe('fetchCommit', () => {
  it('checks out the commit, detached, to the depth asked for', async () => {
    await fetchCommit(wanted({ depth: 2 }))
    expect(await story()).toBe('four')
    expect(await git(box.workspace, 'rev-parse', 'HEAD')).toBe(main[3])
    expect(await git(box.workspace, 'log', '--format=%s')).toBe('four\nthree')
    expect(await git(box.workspace, 'remote', 'get-url', 'origin')).toBe(`${server.url}/owner/repo.git`)
    expect(await git(box.workspace, 'branch', '--show-current')).toBe('')
  })

  it('gets a commit that is no longer the newest of its branch', async () => {
    await fetchCommit(wanted({ commit: main[1]! }))
    expect(await story()).toBe('two')
  })

  it.each([
    ['the head of a pull request', () => pull, 'refs/pull/3/head', 'pull'],
    ['a branch far back', () => main[0]!, 'refs/heads/main', 'one'],
  ])('goes by the ref where a server gives only what it advertises: %s', async (_, sha, ref, content) => {
    server.behave({ oldProtocol: true })
    // The first ref does not exist: a branch may be gone while the pull request still has the commit.
    await fetchCommit(wanted({ commit: sha(), refs: ['refs/heads/gone', ref] }))
    expect(await story()).toBe(content)
    expect(await git(box.workspace, 'rev-parse', 'HEAD')).toBe(sha())
  })

  it('says that a commit is gone', async () => {
    expect(await problem(fetchCommit(wanted({ commit: dropped })))).toMatch(
      /^Fetching fffffff from .* is gone/,
    )
    server.behave({ oldProtocol: true })
    expect(await problem(fetchCommit(wanted({ commit: dropped })))).toMatch(/ is gone: .*forced push/)
  })

  it('refuses what is no commit', async () => {
    const tree = await git(bare, 'rev-parse', `${main[3]}^{tree}`)
    await problem(fetchCommit(wanted({ commit: tree })))
    await expect(story()).rejects.toThrow('ENOENT')
    expect(await problem(fetchCommit(wanted({ commit: '--upload-pack=touch x' })))).toMatch(/no commit id/)
  })

  it('takes names of branches for data', async () => {
    server.behave({ oldProtocol: true })
    await fetchCommit(wanted({ commit: pull, refs: [`refs/heads/${hostile}`] }))
    expect(await story()).toBe('pull')
    expect(await readdir(box.workspace)).not.toContain('pwned')
    for (const ref of [
      '--upload-pack=touch x',
      'main',
      'refs/heads/a:refs/heads/b',
      'refs/heads/*',
      'refs/heads/a b',
    ])
      expect(await problem(fetchCommit(wanted({ refs: [ref] })))).toMatch(/no full name/)
  })

  it('runs nothing that the repository or the environment brings', async () => {
    process.env.GIT_SSH_COMMAND = 'touch pwned'
    try {
      await fetchCommit(wanted())
    } finally {
      delete process.env.GIT_SSH_COMMAND
    }
    for (const remote of [
      'ext::sh -c touch% x',
      '/etc',
      'file:///etc',
      'git@127.0.0.1:x',
      'http://a:b@127.0.0.1/',
    ])
      expect(await problem(fetchCommit(wanted({ remote })))).toMatch(/http or https address/)
  })
})

describe('a private repository', () => {
  beforeEach(() => server.behave({ password: TOKEN }))

  it('is fetched with the token, which is nowhere afterwards', async () => {
    await fetchCommit(wanted({ token: TOKEN }))
    expect(await story()).toBe('four')
    const basic = Buffer.from(`x-access-token:${TOKEN}`).toString('base64')
    for (const entry of await readdir(join(box.workspace, '..'), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const content = await readFile(join(entry.parentPath, entry.name), 'latin1')
      expect(content.includes(TOKEN) || content.includes(basic), entry.name).toBe(false)
    }
  })

  it('says what to check without a token, or with a wrong one, and does not tell it', async () => {
    expect(await problem(fetchCommit(wanted()))).toMatch(/if it is private, that the token for clones/)
    const message = await problem(fetchCommit(wanted({ token: `${TOKEN}x` })))
    expect(message).toMatch(/Check .*token for clones/)
    expect(message).not.toContain(TOKEN)
  })
})

describe('a server that fails', () => {
  it('has no such repository', async () => {
    const message = await problem(fetchCommit(wanted({ remote: `${server.url}/owner/none.git` })))
    expect(message).toMatch(/not found. Check that the repository exists/)
  })

  it('cannot be reached', async () => {
    const remote = 'http://127.0.0.1:9/owner/repo.git'
    expect(await problem(fetchCommit(wanted({ remote })))).toMatch(/cannot be reached/)
  })

  it('has no name', async () => {
    const remote = 'http://nowhere.invalid/owner/repo.git'
    expect(await problem(fetchCommit(wanted({ remote })))).toMatch(/name was not found/)
  })

  it('says nothing until the time is over, or the build is cancelled', async () => {
    server.behave({ hang: true })
    expect(await problem(fetchCommit(wanted({ deadline: Date.now() + 300 })))).toMatch(
      /took longer than the build has time/,
    )
    const signal = AbortSignal.timeout(300)
    expect(await problem(fetchCommit(wanted({ signal })))).toMatch(/was stopped/)
  })
})

describe('readFileAt', () => {
  const read = (name: string, sha = main[0]!) =>
    readFileAt(box.workspace, sha, name, { home: box.home, path: process.env.PATH ?? '' })

  it('reads a file of a base commit beside the checkout', async () => {
    await fetchCommit(wanted({ commit: pull, refs: [] }))
    await fetchObject(wanted({ commit: main[0]!, refs: [] }))
    expect(await read('.lambci.json')).toBe('{"cmd": "base"}')
    expect(await read('story.txt')).toBe('one')
    expect(await story()).toBe('pull')
  })

  it('finds nothing where there is none, and refuses a link and a large file', async () => {
    await fetchObject(wanted({ commit: main[0]! }))
    expect(await problem(read('package.json'))).toMatch(/^package\.json is a link/)
    expect(await read('../story.txt')).toBeNull()
    expect(await read('none')).toBeNull()
    expect(await problem(read('large.json'))).toMatch(/larger than 256 KB/)
    expect(await problem(read('none', dropped))).toMatch(/^Reading none at f+ failed/)
  })
})
