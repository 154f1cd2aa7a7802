import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/model/user-error.ts'
import { type FetchOptions, fetchCommit, fetchObject } from '../../../src/workspace/git.ts'
import { openCommit } from '../../../src/workspace/top-level.ts'
import { type GitServer, git, startGitServer } from '../../support/git-server.ts'

const TOKEN = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'

let root: string
let source: string
let bare: string
let server: GitServer
let sandbox: { workspace: string; home: string }
let main: string[] = []
let pull: string
let dropped: string
let hostile: string

async function commit(message: string): Promise<string> {
  await writeFile(join(source, 'file.txt'), message)
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
  const directory = await mkdtemp(join(root, 'sandbox-'))
  sandbox = { workspace: join(directory, 'workspace'), home: join(directory, 'home') }
  await mkdir(sandbox.workspace)
  await mkdir(sandbox.home)
})
afterEach(() => server.behave({}))

const options = (more: Partial<FetchOptions> = {}): FetchOptions => ({
  directory: sandbox.workspace,
  remote: `${server.url}/owner/repo.git`,
  commit: main[3]!,
  refs: ['refs/heads/main'],
  depth: 1,
  home: sandbox.home,
  path: process.env.PATH ?? '',
  deadline: Date.now() + 20_000,
  retryMs: 1,
  ...more,
})

const content = () => readFile(join(sandbox.workspace, 'file.txt'), 'utf8')

async function userError(work: Promise<unknown>): Promise<string> {
  const failure = await work.then(
    () => new Error('nothing failed'),
    error => error,
  )
  expect(failure).toBeInstanceOf(UserError)
  return failure.message
}

describe('fetchCommit', () => {
  it('checks out the commit, detached, with the requested depth', async () => {
    await fetchCommit(options({ depth: 2 }))
    expect(await content()).toBe('four')
    expect(await git(sandbox.workspace, 'rev-parse', 'HEAD')).toBe(main[3])
    expect(await git(sandbox.workspace, 'log', '--format=%s')).toBe('four\nthree')
    expect(await git(sandbox.workspace, 'remote', 'get-url', 'origin')).toBe(`${server.url}/owner/repo.git`)
    expect(await git(sandbox.workspace, 'branch', '--show-current')).toBe('')
  })

  it('fetches a commit that is no longer the newest of its branch', async () => {
    await fetchCommit(options({ commit: main[1]! }))
    expect(await content()).toBe('two')
  })

  it.each([
    ['the head of a pull request', () => pull, 'refs/pull/3/head', 'pull'],
    ['a branch far back', () => main[0]!, 'refs/heads/main', 'one'],
  ])('uses the refs if the server serves only advertised commits: %s', async (_, sha, ref, text) => {
    await server.behave({ oldProtocol: true })
    // The first ref does not exist: a branch may be gone while the pull request still has the commit.
    await fetchCommit(options({ commit: sha(), refs: ['refs/heads/gone', ref] }))
    expect(await content()).toBe(text)
    expect(await git(sandbox.workspace, 'rev-parse', 'HEAD')).toBe(sha())
  })

  it('explains that a commit is gone', async () => {
    const gone = { commit: dropped, previousCommit: main[2]!, depth: 2 }
    expect(await userError(fetchCommit(options(gone)))).toMatch(/^Fetching fffffff from .* is gone/)
    await server.behave({ oldProtocol: true })
    expect(await userError(fetchCommit(options(gone)))).toMatch(/ is gone: .*forced push/)
  })

  it('refuses an id that is not a commit', async () => {
    const tree = await git(bare, 'rev-parse', `${main[3]}^{tree}`)
    await userError(fetchCommit(options({ commit: tree })))
    await expect(content()).rejects.toThrow('ENOENT')
    expect(await userError(fetchCommit(options({ commit: '--upload-pack=touch x' })))).toMatch(
      /not a commit id/,
    )
  })

  it('never interprets branch names as options', async () => {
    await server.behave({ oldProtocol: true })
    await fetchCommit(options({ commit: pull, refs: [`refs/heads/${hostile}`] }))
    expect(await content()).toBe('pull')
    expect(await readdir(sandbox.workspace)).not.toContain('pwned')
    for (const ref of [
      '--upload-pack=touch x',
      'main',
      'refs/heads/a:refs/heads/b',
      'refs/heads/*',
      'refs/heads/a b',
    ])
      expect(await userError(fetchCommit(options({ refs: [ref] })))).toMatch(/not a full ref name/)
  })

  it('runs no command from the repository, the environment or the address', async () => {
    process.env.GIT_SSH_COMMAND = 'touch pwned'
    try {
      await fetchCommit(options())
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
      expect(await userError(fetchCommit(options({ remote })))).toMatch(/http or https address/)
  })
})

describe('a private repository', () => {
  beforeEach(() => server.behave({ password: TOKEN }))

  it('is fetched with the token, which is stored nowhere', async () => {
    await fetchCommit(options({ token: TOKEN }))
    expect(await content()).toBe('four')
    const basic = Buffer.from(`x-access-token:${TOKEN}`).toString('base64')
    for (const entry of await readdir(join(sandbox.workspace, '..'), {
      recursive: true,
      withFileTypes: true,
    })) {
      if (!entry.isFile()) continue
      const content = await readFile(join(entry.parentPath, entry.name), 'latin1')
      expect(content.includes(TOKEN) || content.includes(basic), entry.name).toBe(false)
    }
  })

  it('without a valid token, explains what to check, without revealing the token', async () => {
    expect(await userError(fetchCommit(options()))).toMatch(/if it is private, that the token for clones/)
    const message = await userError(fetchCommit(options({ token: `${TOKEN}x` })))
    expect(message).toMatch(/Check .*token for clones/)
    expect(message).not.toContain(TOKEN)
  })
})

describe('an error explains what to check if', () => {
  it('the repository does not exist', async () => {
    const message = await userError(fetchCommit(options({ remote: `${server.url}/owner/none.git` })))
    expect(message).toMatch(/not found. Check that the repository exists/)
  })

  it('the server cannot be reached', async () => {
    const remote = 'http://127.0.0.1:9/owner/repo.git'
    expect(await userError(fetchCommit(options({ remote })))).toMatch(/cannot be reached/)
  })

  it('the host name does not exist', async () => {
    const remote = 'http://nowhere.invalid/owner/repo.git'
    expect(await userError(fetchCommit(options({ remote })))).toMatch(/name was not found/)
  })

  it('the server hangs until the deadline or the cancellation', async () => {
    await server.behave({ hang: true })
    expect(await userError(fetchCommit(options({ deadline: Date.now() + 300 })))).toMatch(
      /took longer than the build has time/,
    )
    const signal = AbortSignal.timeout(300)
    expect(await userError(fetchCommit(options({ signal })))).toMatch(/was stopped/)
  })
})

describe('openCommit', () => {
  const open = (sha: string) =>
    openCommit(sandbox.workspace, sha, { home: sandbox.home, path: process.env.PATH ?? '' })
  const read = async (name: string, sha = main[0]!) => (await open(sha)).read(name)

  it('reads a file of the base commit, without changing the checkout', async () => {
    await fetchCommit(options({ commit: pull, refs: [] }))
    await fetchObject(options({ commit: main[0]!, refs: [] }))
    expect(await read('.lambci.json')).toBe('{"cmd": "base"}')
    expect(await read('file.txt')).toBe('one')
    expect(await content()).toBe('pull')
  })

  it('returns null for a missing file, and refuses a link and a large file', async () => {
    await fetchObject(options({ commit: main[0]! }))
    expect(await userError(read('package.json'))).toMatch(/^package\.json is a symbolic link/)
    expect(await read('../file.txt')).toBeNull()
    expect(await read('none')).toBeNull()
    expect(await userError(read('large.json'))).toMatch(/larger than 256 KB/)
    expect(await userError(read('none', dropped))).toMatch(/^Reading the files at f+ failed/)
  })
})
