import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { UserError } from '../../../src/model/user-error.ts'
import { type FetchOptions, fetchCommit, fetchObject } from '../../../src/workspace/git.ts'
import { Mirrors } from '../../../src/workspace/mirrors.ts'
import { type GitFault, type GitPhase, startGitFaults } from '../../support/git-faults.ts'
import { type GitServer, git, startGitServer } from '../../support/git-server.ts'

const TOKEN = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
const BASIC = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`
const LIMITED = { status: 429, text: 'Too many requests.', headers: { 'retry-after': '1' } }

let root: string
let source: string
let bare: string
let server: GitServer
let host: Awaited<ReturnType<typeof startGitFaults>>
let sandbox: string
let commits: string[]
let lines: string[]

async function commit(word: string): Promise<string> {
  await writeFile(join(source, `${word}.txt`), randomBytes(4000).toString('base64'))
  await git(source, 'add', '-A')
  await git(source, 'commit', '-qm', word)
  return git(source, 'rev-parse', 'HEAD')
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'retry-fetch-'))
  source = join(root, 'source')
  bare = join(root, 'served', 'ada', 'certificate-reset.git')
  await mkdir(source)
  await git(source, 'init', '-qb', 'main')
  commits = []
  for (const word of ['one', 'two', 'three']) commits.push(await commit(word))
  await git(root, 'clone', '-q', '--mirror', source, bare)
  server = await startGitServer(join(root, 'served'))
  host = await startGitFaults(server.url)
})
afterAll(async () => {
  await host.close()
  await server.close()
  await rm(root, { recursive: true })
})
beforeEach(async () => {
  sandbox = await mkdtemp(join(root, 'sandbox-'))
  await mkdir(join(sandbox, 'home'))
  lines = []
  host.fail('silence', 'info', 0)
})

const options = (more: Partial<FetchOptions> = {}): FetchOptions => ({
  directory: join(sandbox, 'workspace'),
  home: join(sandbox, 'home'),
  // A repository that is named like errors.
  remote: `${host.url}/ada/certificate-reset.git`,
  commit: commits[2]!,
  refs: ['refs/heads/main'],
  depth: 5,
  path: process.env.PATH ?? '',
  deadline: Date.now() + 30_000,
  isPrivate: false,
  retryMs: 1,
  silenceSeconds: 1,
  onRetry: line => lines.push(line),
  ...more,
})

async function errorOf(work: Promise<unknown>): Promise<string> {
  const failure = await work.then(
    () => new Error('nothing failed'),
    error => error,
  )
  expect(failure).toBeInstanceOf(UserError)
  return failure.message
}

const subjects = () => git(join(sandbox, 'workspace'), 'log', '--format=%s')

describe('is tried again', () => {
  test.each<[string, GitFault, GitPhase, RegExp, number?]>([
    ['502', 502, 'info', /^GitHub answered 502\. Trying again in 0\.002 s\.$/],
    ['502 at the pack', 502, 'pack', /^GitHub answered 502\. Trying again/],
    ['429', LIMITED, 'info', /^GitHub answered 429 \("Too many requests\."\)\./],
    [
      'a limit of fetches without a token',
      { status: 403, text: 'GitHub is temporarily limiting some unauthenticated downloads' },
      'info',
      /^GitHub temporarily limits fetches without a token\./,
    ],
    ['a reset', 'reset', 'info', /interrupted \(.*reset by peer\)/],
    // After the first one, curl itself connects once more.
    ['resets at the pack', 'reset', 'pack', /interrupted \(.*reset by peer\)/, 2],
    ['no answer at all', 'empty', 'info', /interrupted \(Empty reply from server\)/],
    ['a reset in the middle of the pack', 'cut', 'large', /interrupted \(/],
    ['a pack that ends early', 'truncate', 'large', /Trying again/],
    ['a pack with other bytes', 'corrupt', 'large', /Trying again/],
    ['silence', 'silence', 'info', /^GitHub did not answer in time\./],
    // GitHub answers these, too, when it limits fetches without a token.
    ['401 of a public repository', 401, 'info', /^GitHub answered 401\./],
    ['403 of a public repository', 403, 'info', /^GitHub answered 403\./],
    ['404 of a public repository', 404, 'info', /^GitHub answered 404/],
  ])('%s', async (_, fault, phase, line, times = 1) => {
    host.fail(fault, phase, times)
    const mirrors = new Mirrors(sandbox, 1024 * 1024)
    await fetchCommit(options({ mirrors }))
    expect(await subjects()).toBe('three\ntwo\none')
    expect(lines).toEqual([expect.stringMatching(line)])
    if (phase === 'large') await git(join(sandbox, 'workspace'), 'fsck', '--connectivity-only')
    const files = await readdir(sandbox, { recursive: true })
    expect(files.filter(name => /tmp_|\.lock$/.test(name))).toEqual([])
  })

  test('a private repository: 502 and a reset, but never 401, 403 and 404', async () => {
    const access = { isPrivate: true, token: TOKEN }
    host.fail(502)
    await fetchCommit(options({ ...access, directory: join(sandbox, 'one') }))
    host.fail('cut', 'large')
    await fetchCommit(options({ ...access, directory: join(sandbox, 'two') }))
    expect(lines).toHaveLength(2)
    for (const [status, advice] of [
      [401, /Check the token for clones: it is not valid/],
      [403, /Check that the token for clones may read this repository/],
      [404, /deleted or renamed, or the token for clones may not read it/],
    ] as const) {
      host.fail(status, 'info', 9)
      const message = await errorOf(
        fetchCommit(options({ ...access, directory: join(sandbox, `${status}`) })),
      )
      expect(message).toMatch(/ failed: GitHub answered 40/)
      expect(message).toMatch(advice)
      expect(message).not.toContain(TOKEN)
      // A 401 is followed by nothing, and a 403 by no second request.
      expect(host.fetches()).toHaveLength(1)
    }
    expect(lines).toHaveLength(2)
  })

  test('four times in all, with growing pauses; then the error says so', async () => {
    host.fail(502, 'info', 9)
    expect(await errorOf(fetchCommit(options()))).toMatch(
      /^Fetching \w{7} from \S+ failed: GitHub answered 502 \(after 4 attempts\)\. Rebuild it later/,
    )
    expect(lines.map(line => /in ([\d.]+) s/.exec(line)?.[1])).toEqual(['0.002', '0.005', '0.01'])
    expect(host.fetches()).toHaveLength(4)
  })

  test('never beyond the deadline', async () => {
    host.fail(502, 'info', 9)
    const late = { retryMs: 10_000, deadline: Date.now() + 15_000 }
    expect(await errorOf(fetchCommit(options(late)))).toMatch(/ failed: GitHub answered 502\./)
    expect(lines).toEqual([])
  })

  test('never after a cancellation', async () => {
    host.fail(502, 'info', 9)
    const stop = new AbortController()
    const more = { retryMs: 60_000, deadline: Date.now() + 3_600_000, signal: stop.signal }
    const message = await errorOf(fetchCommit(options({ ...more, onRetry: () => stop.abort() })))
    expect(message).toMatch(/was stopped/)
    expect(host.fetches()).toHaveLength(1)
  })

  test('a server that cannot be reached, and a host that is not found', async () => {
    const unreachable = options({ remote: 'http://127.0.0.1:9/ada/x.git' })
    expect(await errorOf(fetchCommit(unreachable))).toMatch(
      /failed: GitHub cannot be reached \(after 4 attempts\)\./,
    )
    const unknown = options({ remote: 'http://nowhere.invalid/ada/x.git' })
    expect(await errorOf(fetchCommit(unknown))).toMatch(
      /failed: The host name was not found \(nowhere\.invalid\) \(after 4 attempts\)\./,
    )
    expect(lines).toHaveLength(6)
  })

  test('the base commit of a pull request', async () => {
    await fetchCommit(options({ depth: 1 }))
    host.fail(503)
    await fetchObject(options({ commit: commits[0]!, depth: 1 }))
    expect(lines).toHaveLength(1)
  })
})

test('a public repository is fetched without its token if GitHub refuses the token', async () => {
  for (const status of [401, 403, 404]) {
    host.fail(status)
    await fetchCommit(options({ token: TOKEN, directory: join(sandbox, `${status}`) }))
    expect(host.fetches()).toEqual([BASIC, undefined])
  }
  expect(lines[0]).toBe('GitHub answered 401. Trying again without a token.')
  host.fail(401, 'info', 9)
  expect(await errorOf(fetchCommit(options({ token: TOKEN })))).toMatch(
    /failed: GitHub answered 401 \(after 4 attempts\)\. The repository was deleted, renamed or made private, or GitHub limits/,
  )
})

describe('a commit that is not there yet', () => {
  test('is fetched when it is', async () => {
    const late = await commit('late')
    const arrive = () => git(source, 'push', '-q', bare, 'main')
    const onRetry = (line: string) => {
      lines.push(line)
      host.fail(arrive)
    }
    await fetchCommit(options({ commit: late, previousCommit: commits[2]!, onRetry }))
    expect(await subjects()).toBe('late\nthree\ntwo\none')
    expect(lines).toEqual(['GitHub does not have the commit yet. Trying again in 0.002 s.'])
  })

  test('and does not come: the error does not call that a forced push', async () => {
    const never = await commit('never')
    const head = await git(bare, 'rev-parse', 'refs/heads/main')
    const message = await errorOf(fetchCommit(options({ commit: never, previousCommit: head })))
    expect(message).toMatch(
      /GitHub does not have the commit, and branch main is at \w{7}\. If the commit should be there, rebuild/,
    )
    expect(lines).toHaveLength(3)
  })
})

describe('a commit that is gone', () => {
  const gone = 'f'.repeat(40)

  test('by a forced push, if the branch has gone on from the commit before it', async () => {
    for (const oldProtocol of [false, true]) {
      await server.behave({ oldProtocol })
      const directory = join(sandbox, `${oldProtocol}`)
      const message = await errorOf(
        fetchCommit(options({ commit: gone, previousCommit: commits[1]!, directory })),
      )
      expect(message).toMatch(/The commit is gone: branch main is at \w{7} after a forced push\./)
    }
    await server.behave({})
  })

  test('with its branch', async () => {
    const refs = ['refs/heads/deleted']
    expect(await errorOf(fetchCommit(options({ commit: gone, refs })))).toMatch(
      /GitHub has neither the commit nor branch deleted, which was probably deleted\. Push again/,
    )
  })
})
