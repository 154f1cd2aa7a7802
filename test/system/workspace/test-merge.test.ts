import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Build } from '../../../src/model/build.ts'
import { Mirrors } from '../../../src/workspace/mirrors.ts'
import { resolveCommit } from '../../../src/workspace/resolve-commit.ts'
import { type GitServer, git, gitWith, startGitServer } from '../../support/git-server.ts'
import { FORKED, makeBuild, PULL } from '../../support/records.ts'

const MERGE = { pullRequests: { merge: true } }

let root: string
let source: string
let server: GitServer
let sandbox: string

/** Of a pull request of `topic` into `master`, which has moved on; `release` is a commit ahead of `master`. */
let commits: Record<'fork' | 'master' | 'release' | 'topic', string>

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'test-merge-'))
  source = join(root, 'served', 'ada', 'web.git')
  await mkdir(source, { recursive: true })
  await git(source, 'init', '-q', '--bare', '-b', 'master')
  server = await startGitServer(join(root, 'served'))
  const forked = await commit({ '.lambci.json': { cmd: 'old' }, 'package.json': {} })
  const topic = await commit({ '.lambci.json': { cmd: 'old', ...MERGE }, 'topic.json': {} }, forked)
  const master = await commit({ '.lambci.json': { cmd: 'new', timeout: 60, ...MERGE } }, forked)
  const release = await commit({ '.lambci.json': { cmd: 'release', ...MERGE } }, master)
  commits = { fork: forked, topic, master, release }
})
afterAll(async () => {
  await server.close()
  await rm(root, { recursive: true })
})
beforeEach(async () => {
  sandbox = await mkdtemp(join(root, 'sandbox-'))
  await mkdir(join(sandbox, 'home'))
  await pointAll({
    'heads/master': commits.master,
    'heads/release': commits.release,
    'pull/12/head': commits.topic,
    'pull/12/merge': null,
  })
})

const point = (ref: string, to: string | null) => pointAll({ [ref]: to })

/** Points refs to commits, or (null) removes them. */
const pointAll = (refs: Record<string, string | null>) => {
  const lines = Object.entries(refs).map(([ref, to]) =>
    to === null ? `delete refs/${ref}\n` : `update refs/${ref} ${to}\n`,
  )
  return gitWith(lines.join(''), source, 'update-ref', '--stdin')
}

/** Commits files with these values alone. */
function commit(files: Record<string, object>, ...parents: string[]): Promise<string> {
  const [first, ...others] = parents
  const stream = [
    'commit refs/new\nmark :1\ncommitter A <a@example.com> now\ndata 8\nA change\n',
    first ? `from ${first}\n` : '',
    ...others.map(id => `merge ${id}\n`),
    'deleteall\n',
    ...Object.entries(files).map(([name, value]) => {
      const text = JSON.stringify(value)
      return `M 100644 inline ${name}\ndata ${text.length}\n${text}\n`
    }),
    // No ref has it yet.
    `get-mark :1\nreset refs/new\nfrom ${'0'.repeat(40)}\n`,
  ]
  return gitWith(stream.join(''), source, 'fast-import', '--quiet', '--date-format=now')
}

/** A commit that merges the pull request, as GitHub makes it. */
const merged = (base: string, head = commits.topic, values: object = { cmd: 'merged', timeout: 70 }) =>
  commit({ '.lambci.json': values, 'package.json': {}, 'topic.json': {} }, base, head)

type Options = { mirrors?: boolean; retryMs?: number; onRetry?: (line: string) => void }
const workspace = () => join(sandbox, 'workspace')
const resolve = (change: Partial<Build> = {}, { mirrors = true, ...options }: Options = {}) =>
  resolveCommit(
    makeBuild({
      ...PULL,
      commit: commits.topic,
      baseCommit: commits.master,
      settings: { global: MERGE },
      ...change,
    }),
    {
      githubUrl: server.url,
      directory: workspace(),
      token: null,
      access: { home: join(sandbox, 'home'), path: process.env.PATH ?? '' },
      mirrors: mirrors ? new Mirrors(sandbox, 1024 * 1024) : null,
      deadline: Date.now() + 30_000,
      retryMs: 1,
      ...options,
    },
  )

test.each<[string, object, Options, boolean?]>([
  ['with a mirror', {}, {}],
  ['by an old server', {}, { mirrors: false }, true],
  ['at depth 1', { git: { depth: 1 } }, {}],
  ['with all tags', { git: { tags: true } }, {}],
])('the merge is checked out, and its file counts: %s', async (_, settings, options, oldProtocol = false) => {
  const merge = await merged(commits.master)
  await point('pull/12/merge', merge)
  await server.behave({ oldProtocol })
  const resolved = await resolve({ settings: { global: { ...MERGE, ...settings } } }, options)
  await server.behave({})
  expect(resolved).toMatchObject({
    merge: { commit: merge, base: commits.master },
    config: { cmd: 'merged', timeout: 70 },
  })
  expect(await git(workspace(), 'rev-parse', 'HEAD', 'origin/topic', 'origin/master')).toBe(
    [merge, commits.topic, commits.master].join('\n'),
  )
  expect(await git(workspace(), 'status', '--porcelain')).toBe('')
  expect(await git(workspace(), 'diff', '--name-only', 'origin/master')).toBe(
    '.lambci.json\npackage.json\ntopic.json',
  )
  await git(workspace(), 'fsck', '--connectivity-only')
})

test('by default the head is checked out, whatever its merge is', async () => {
  await point('pull/12/merge', await merged(commits.master))
  expect(await resolve({ commit: commits.fork, settings: {} })).toMatchObject({
    merge: null,
    config: { cmd: 'old' },
  })
  expect(await git(workspace(), 'rev-parse', 'HEAD')).toBe(commits.fork)
})

test('a mistake that only the merge has names it', async () => {
  await point('pull/12/merge', await merged(commits.master, commits.topic, { cmd: 1 }))
  await expect(resolve()).rejects.toThrow(/^\.lambci\.json at the merge commit: cmd must be/)
})

test('a merge whose file does not want it built is not built', async () => {
  const values = { cmd: 'x', pullRequests: { fromSelfPublicRepo: false } }
  await point('pull/12/merge', await merged(commits.master, commits.topic, values))
  expect((await resolve()).config.build).toBe(false)
})

test("of a fork's merge only cmd and env count, and its own file does not decide about the merge", async () => {
  const own = { cmd: 'mine', env: { A: 'b' }, timeout: 900, inheritSecrets: true }
  const merge = await merged(commits.master, commits.topic, own)
  await point('pull/12/merge', merge)
  expect(await resolve({ ...FORKED, settings: {} })).toMatchObject({
    merge: { commit: merge },
    config: { cmd: 'mine', env: { A: 'b' }, timeout: 60, inheritSecrets: false },
  })
  expect(await git(workspace(), 'branch', '-r', '--format=%(refname) %(objectname)')).toBe(
    `refs/remotes/origin/master ${commits.master}`,
  )
  await rm(workspace(), { recursive: true })
  // The base of this one does not ask for the merge.
  expect(await resolve({ ...FORKED, settings: {}, baseCommit: commits.fork })).toMatchObject({ merge: null })
})

describe('a merge is believed only if it is of this head and base', () => {
  const messageFor = (branch: string) =>
    `Pull request #12 has no merge into ${branch} to test: it has conflicts or newer commits, or GitHub has not computed the merge. Resolve conflicts and push, `
  const later = () => commit({ 'package.json': {} }, commits.release)
  test.each<[string, () => Promise<string>, Partial<Build>?]>([
    ['the base has moved before it was computed', () => merged(commits.release), { branch: 'release' }],
    [
      'the base has moved before and since',
      async () => {
        await point('heads/release', await later())
        return merged(commits.release)
      },
      { branch: 'release' },
    ],
    ['the base has moved since the event', () => merged(commits.master), { branch: 'release' }],
  ])('believed: %s', async (_, make, change = {}) => {
    const merge = await make()
    await point('pull/12/merge', merge)
    expect((await resolve(change)).merge?.commit).toBe(merge)
  })

  test.each<[string, () => Promise<string | null>, Partial<Build>?]>([
    ['missing', async () => null],
    ['of another head', () => merged(commits.master, commits.fork)],
    ['of a newer head', async () => merged(commits.master, await commit({ x: {} }, commits.topic))],
    [
      'into the old base, which is behind the new one',
      () => merged(commits.master),
      { branch: 'release', baseCommit: '' },
    ],
    ['into the old base, which is ahead of the new one', () => merged(commits.release)],
    ['into a base that was since replaced', async () => merged(await commit({ x: {} }, commits.fork))],
    ['with the parents exchanged', () => merged(commits.topic, commits.master)],
    ['no merge', async () => commits.topic],
    ['into a deleted branch', () => merged(commits.master), { branch: 'gone' }],
  ])('errored: %s', async (_, make, change = {}) => {
    await point('pull/12/merge', await make())
    const retargeted = change.baseCommit === '' ? { ...change, baseCommit: commits.release } : change
    // A single attempt: the pause before another one would be too long.
    await expect(resolve(retargeted, { retryMs: 1e6 })).rejects.toThrow(messageFor(change.branch ?? 'master'))
  })

  test('errored after four attempts, each with a line in the log', async () => {
    const lines: string[] = []
    await expect(resolve({}, { onRetry: line => lines.push(line) })).rejects.toThrow(messageFor('master'))
    const line = 'GitHub has not computed the merge of pull request #12 yet. Trying again in '
    expect(lines).toEqual(['0.002', '0.005', '0.01'].map(seconds => `${line}${seconds} s.`))
  })

  test('computed while the build waits', async () => {
    await point('pull/12/merge', await merged(commits.master, commits.fork))
    const merge = await merged(commits.master)
    const lines: string[] = []
    const onRetry = (line: string) => {
      lines.push(line)
      execFileSync('git', ['update-ref', 'refs/pull/12/merge', merge], { cwd: source })
    }
    expect((await resolve({}, { onRetry })).merge?.commit).toBe(merge)
    expect(lines).toHaveLength(1)
  })

  test('not asked for if the pull request is not built', async () => {
    const settings = { global: { pullRequests: { merge: true, fromSelfPublicRepo: false } } }
    expect((await resolve({ settings })).config.build).toBe(false)
  })
})
