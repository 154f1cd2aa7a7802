import { randomBytes } from 'node:crypto'
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGitHub } from '../../../test/support/small-process.ts'
import type { GitHub } from '../../github/server.ts'
import { payloadErrors } from './payload-schema.ts'
import { type Receiver, receiveWebhooks } from './webhook-receiver.ts'
import { git, makeDirectory, makeWorkingCopy, removeDirectories } from './working-copy.ts'

// The contract of every GitHub server. Runs against the loopback server, or the one that these variables name, which
// must be able to deliver webhooks to 127.0.0.1.
const { LAMBCI_TEST_GITHUB_URL, LAMBCI_TEST_GITHUB_API_URL, LAMBCI_TEST_GITHUB_TOKEN } = process.env
const FORK_OWNER = process.env.LAMBCI_TEST_GITHUB_FORK_OWNER ?? 'forker'
const NULL_SHA = '0'.repeat(40)

let receiver: Receiver
let loopback: GitHub | undefined
let url: string
let octokit: Octokit
let token: string
let owner: string
let count = 0

beforeAll(async () => {
  receiver = await receiveWebhooks()
  token = LAMBCI_TEST_GITHUB_TOKEN ?? 'the-token'
  if (!LAMBCI_TEST_GITHUB_URL) {
    loopback = await startGitHub({ directory: await makeDirectory(), token, webhook: null })
  }
  url = LAMBCI_TEST_GITHUB_URL ?? loopback?.url ?? ''
  octokit = connect(token)
  owner = (await octokit.rest.users.getAuthenticated()).data.login
})

afterAll(async () => {
  await loopback?.close()
  await receiver.close()
  await removeDirectories()
})

const connect = (auth?: string) =>
  new Octokit({
    ...(auth && { auth }),
    baseUrl: LAMBCI_TEST_GITHUB_API_URL ?? loopback?.apiUrl ?? 'https://api.github.com',
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })

const remote = (fullName: string, password = token) =>
  `${url.replace('://', `://x-access-token:${password}@`)}/${fullName}.git`

/** Creates a repository with a hook to the receiver, and a working copy with one commit on `master`. */
async function makeRepository(isPrivate = false) {
  const name = `contract-${Date.now().toString(36)}-${++count}`
  await octokit.rest.repos.createForAuthenticatedUser({ name, private: isPrivate })
  await octokit.rest.repos.createWebhook({
    owner,
    repo: name,
    events: ['push', 'pull_request'],
    config: { url: receiver.url, secret: receiver.secret, content_type: 'json' },
  })
  const fullName = `${owner}/${name}`
  const copy = await makeWorkingCopy(remote(fullName))
  const first = await copy.commit('First')
  await copy.push('master')
  return { ...copy, owner, repo: name, at: { owner, repo: name }, fullName, first }
}

type Repository = Awaited<ReturnType<typeof makeRepository>>

async function makeFork(base: Repository) {
  await octokit.rest.repos.createFork({ ...base.at, organization: FORK_OWNER })
  const fullName = `${FORK_OWNER}/${base.repo}`
  const copy = await makeWorkingCopy(remote(fullName))
  await copy.git('pull', '--quiet', 'origin', 'master')
  await copy.git('checkout', '--quiet', '-b', 'feature')
  const head = await copy.commit('From the fork', 'fork.txt')
  await copy.push('feature')
  return { ...copy, fullName, head, at: { owner: FORK_OWNER, repo: base.repo } }
}

const statusOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: { status?: number }) => error.status,
  )

describe('push events', () => {
  test('cover a new branch, an ordinary push and a forced push', async () => {
    const repository = await makeRepository()
    const { payload: created } = await receiver.push(repository.fullName, 'refs/heads/master')
    expect(payloadErrors('push$event', created)).toEqual([])
    expect(created).toMatchObject({ before: NULL_SHA, after: repository.first, created: true, forced: false })
    expect(created.repository).toMatchObject({ full_name: repository.fullName, default_branch: 'master' })

    await repository.commit('Second\n\nwith a body', 'ä b.txt')
    await repository.git('rm', '--quiet', 'file.txt')
    const third = await repository.commit('Third', 'ä b.txt', 'changed')
    await repository.push('master')
    const { payload: ordinary } = await receiver.push(repository.fullName, 'refs/heads/master', third)
    expect(payloadErrors('push$event', ordinary)).toEqual([])
    expect(ordinary).toMatchObject({
      before: repository.first,
      created: false,
      deleted: false,
      forced: false,
      commits: [
        { message: 'Second\n\nwith a body', added: ['ä b.txt'], removed: [], modified: [], distinct: true },
        { id: third, removed: ['file.txt'], modified: ['ä b.txt'], author: { name: 'A Name' } },
      ],
      head_commit: { id: third, message: 'Third' },
    })
    expect(ordinary.compare).toContain(`/compare/${repository.first.slice(0, 12)}...${third.slice(0, 12)}`)

    await repository.git('reset', '--quiet', '--hard', repository.first)
    const other = await repository.commit('Another second')
    await repository.push('--force', 'master')
    const { payload: forced } = await receiver.push(repository.fullName, 'refs/heads/master', other)
    expect(payloadErrors('push$event', forced)).toEqual([])
    expect(forced).toMatchObject({ before: third, forced: true, created: false, commits: [{ id: other }] })
  })

  test('cover a tag, a branch at an existing commit, and deletions', async () => {
    const repository = await makeRepository()
    await repository.git('tag', '-a', 'v1', '-m', 'Version 1')
    await repository.push('v1', 'master:refs/heads/next')
    const { payload: tag } = await receiver.push(repository.fullName, 'refs/tags/v1')
    expect(payloadErrors('push$event', tag)).toEqual([])
    expect(tag).toMatchObject({ created: true, commits: [], head_commit: { id: repository.first } })
    const { payload: next } = await receiver.push(repository.fullName, 'refs/heads/next')
    expect(next).toMatchObject({
      base_ref: 'refs/heads/master',
      commits: [],
      head_commit: { id: repository.first },
    })

    await repository.push('--delete', 'v1', 'next')
    for (const ref of ['refs/tags/v1', 'refs/heads/next']) {
      const { payload } = await receiver.push(repository.fullName, ref, NULL_SHA)
      expect(payloadErrors('push$event', payload)).toEqual([])
      expect(payload).toMatchObject({ deleted: true, created: false, head_commit: null, commits: [] })
    }
  })

  test('eight concurrent pushes to different branches send one event each', async () => {
    const repository = await makeRepository()
    const branches = Array.from({ length: 8 }, (_, index) => `parallel-${index}`)
    await Promise.all(branches.map(branch => repository.push(`master:refs/heads/${branch}`)))
    // Events of a repository are sent in order, so none can follow the last one.
    await repository.push('master:refs/heads/last')
    await receiver.push(repository.fullName, 'refs/heads/last')
    const delivered = receiver.events
      .filter(({ name, payload }) => name === 'push' && payload.repository.full_name === repository.fullName)
      .map(({ payload }) => payload.ref.slice('refs/heads/'.length))
    expect(delivered.sort()).toEqual(['master', 'last', ...branches].sort())
  })
})

describe('hostile branch names', () => {
  const branches = [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: shell syntax
    '$(touch${IFS}pwned)',
    'x;id',
    '-upload-pack=x',
    '--upload-pack=x',
    'quote\'"quote',
    'heads/status',
    '100%41',
    '<script>&amp;',
    'constructor',
    '__proto__',
    'grüße-🎉',
    'n'.repeat(200),
  ]
  let repository: Repository
  beforeAll(async () => {
    repository = await makeRepository()
    await repository.push(...branches.map(branch => `master:refs/heads/${branch}`))
  })

  test.each(branches)('the branch name %s works', async branch => {
    const ref = `refs/heads/${branch}`
    const { payload } = await receiver.push(repository.fullName, ref)
    expect(payloadErrors('push$event', payload)).toEqual([])
    expect(payload.after).toBe(repository.first)
    const found = await octokit.rest.repos.getBranch({ ...repository.at, branch })
    expect(found.data).toMatchObject({ name: branch, commit: { sha: repository.first } })
    const head = await octokit.rest.git.getRef({ ...repository.at, ref: `heads/${branch}` })
    expect(head.data.ref).toBe(ref)
    const statuses = await octokit.rest.repos.listCommitStatusesForRef({ ...repository.at, ref: branch })
    expect(statuses.data).toEqual([])
  })
})

describe('git', () => {
  test('a clone checks out the default branch, and refs/pull cannot be pushed', async () => {
    const repository = await makeRepository()
    const directory = await makeDirectory()
    await git(directory, 'clone', '--quiet', remote(repository.fullName), 'clone')
    expect(await git(`${directory}/clone`, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('master')
    await expect(repository.push('master:refs/pull/7/head')).rejects.toThrow('hidden ref')
  })

  test('any commit can be fetched by its sha, without its history', async () => {
    const repository = await makeRepository()
    const second = await repository.commit('Second')
    await repository.commit('Third')
    await repository.push('master')
    await repository.push('--force', `${repository.first}:master`)
    const directory = await makeDirectory()
    await git(directory, 'init', '--quiet')
    await git(directory, 'fetch', '--quiet', '--depth', '1', remote(repository.fullName), second)
    expect(await git(directory, 'rev-parse', 'FETCH_HEAD')).toBe(second)
    expect(await git(directory, 'rev-list', '--count', 'FETCH_HEAD')).toBe('1')
  })

  test('a private repository requires the right token', async () => {
    const { fullName, at } = await makeRepository(true)
    const directory = await makeDirectory()
    await expect(git(directory, 'ls-remote', `${url}/${fullName}.git`)).rejects.toThrow('Username')
    await expect(git(directory, 'ls-remote', remote(fullName, 'wrong'))).rejects.toThrow(
      /Authentication failed|403/,
    )
    expect(await git(directory, 'ls-remote', remote(fullName))).toContain('refs/heads/master')
    expect(await statusOf(connect().rest.repos.get(at))).toBe(404)
    expect(await statusOf(connect('wrong').rest.repos.get(at))).toBe(401)
    expect((await octokit.rest.repos.get(at)).data.private).toBe(true)
  })

  test('a chunked push of more than a megabyte succeeds', async () => {
    const repository = await makeRepository()
    const big = await repository.commit('Big', 'big.txt', randomBytes(1_200_000))
    await repository.push('master')
    const { payload } = await receiver.push(repository.fullName, 'refs/heads/master', big)
    expect(payload.commits).toMatchObject([{ id: big, added: ['big.txt'] }])
  })
})

describe('pull requests', () => {
  test('from the same repository send opened, synchronize, closed and reopened', async () => {
    const repository = await makeRepository()
    await repository.git('checkout', '--quiet', '-b', 'feature')
    const head = await repository.commit('A feature', 'feature.txt')
    await repository.push('feature')
    const pull = { title: 'A feature', head: 'feature', base: 'master' }
    const { data } = await octokit.rest.pulls.create({ ...repository.at, ...pull })
    const { payload: opened } = await receiver.pull(repository.fullName, 'opened')
    expect(payloadErrors('pull_request$opened', opened)).toEqual([])
    expect(opened).toMatchObject({
      number: data.number,
      pull_request: {
        draft: false,
        merged: false,
        commits: 1,
        changed_files: 1,
        head: { ref: 'feature', sha: head, repo: { full_name: repository.fullName, fork: false } },
        base: { ref: 'master', sha: repository.first, repo: { full_name: repository.fullName } },
      },
    })
    expect(await statusOf(octokit.rest.pulls.create({ ...repository.at, ...pull }))).toBe(422)

    const moved = await repository.commit('More of it', 'feature.txt')
    await repository.push('feature')
    const { payload: synchronized } = await receiver.pull(repository.fullName, 'synchronize')
    expect(payloadErrors('pull_request$synchronize', synchronized)).toEqual([])
    expect(synchronized).toMatchObject({ before: head, after: moved, pull_request: { head: { sha: moved } } })
    expect(await repository.git('ls-remote', 'origin', `refs/pull/${data.number}/head`)).toContain(moved)

    const at = { ...repository.at, pull_number: data.number }
    await octokit.rest.pulls.update({ ...at, state: 'closed' })
    const { payload: closed } = await receiver.pull(repository.fullName, 'closed')
    expect(payloadErrors('pull_request$closed', closed)).toEqual([])
    await octokit.rest.pulls.update({ ...at, state: 'open' })
    const { payload: reopened } = await receiver.pull(repository.fullName, 'reopened')
    expect(payloadErrors('pull_request$reopened', reopened)).toEqual([])
    expect((await octokit.rest.pulls.list(repository.at)).data).toMatchObject([{ number: data.number }])
    expect((await octokit.rest.pulls.get(at)).data.state).toBe('open')
  })

  test('from a fork send synchronize, and can be fetched after the fork is deleted', async () => {
    const base = await makeRepository()
    const fork = await makeFork(base)
    const pull = { title: 'From a fork', head: `${FORK_OWNER}:feature`, base: 'master', body: 'Please' }
    const { data } = await octokit.rest.pulls.create({ ...base.at, ...pull })
    const { payload: opened } = await receiver.pull(base.fullName, 'opened')
    expect(payloadErrors('pull_request$opened', opened)).toEqual([])
    expect(opened.pull_request).toMatchObject({
      body: 'Please',
      head: {
        sha: fork.head,
        label: `${FORK_OWNER}:feature`,
        repo: { full_name: fork.fullName, fork: true },
      },
      base: { repo: { full_name: base.fullName, fork: false } },
    })
    const moved = await fork.commit('More from the fork', 'fork.txt')
    await fork.push('feature')
    const { payload: synchronized } = await receiver.pull(base.fullName, 'synchronize')
    expect(payloadErrors('pull_request$synchronize', synchronized)).toEqual([])
    expect(synchronized).toMatchObject({ before: fork.head, after: moved })

    await octokit.rest.repos.delete(fork.at)
    expect(await statusOf(octokit.rest.repos.get(fork.at))).toBe(404)
    await base.git('fetch', '--quiet', 'origin', `refs/pull/${data.number}/head`)
    expect(await base.git('rev-parse', 'FETCH_HEAD')).toBe(moved)
    await octokit.rest.pulls.update({ ...base.at, pull_number: data.number, state: 'closed' })
    const { payload: closed } = await receiver.pull(base.fullName, 'closed')
    expect(payloadErrors('pull_request$closed', closed)).toEqual([])
    expect(closed.pull_request.head).toMatchObject({ repo: null, sha: moved })
  })

  test('with an invalid head or base are refused', async () => {
    const { at, push } = await makeRepository()
    const open = (head: string, base: string) =>
      statusOf(octokit.rest.pulls.create({ ...at, title: 'No', head, base }))
    expect(await open('missing', 'master')).toBe(422)
    // A branch name may look like the full ref of another branch.
    await push('master:refs/heads/refs/heads/missing')
    expect(await statusOf(octokit.rest.repos.getBranch({ ...at, branch: 'missing' }))).toBe(404)
    expect(await open('master', 'missing')).toBe(422)
    expect(await open('master', 'master')).toBe(422)
    expect(await open('a-stranger:master', 'master')).toBe(422)
  })
})

describe('statuses and deployments', () => {
  /** For what is refused, and changes nothing. */
  let unchanged: Repository
  beforeAll(async () => {
    unchanged = await makeRepository()
  })

  test('the combined status uses the newest status of each context', async () => {
    const { at, first } = await makeRepository()
    const status = (context: string, state: 'pending' | 'success' | 'failure') =>
      octokit.rest.repos.createCommitStatus({
        ...at,
        sha: first,
        context,
        state,
        description: 'd'.repeat(140),
      })
    await status('push', 'pending')
    await status('push', 'success')
    await status('pr', 'failure')
    const all = await octokit.rest.repos.listCommitStatusesForRef({ ...at, ref: 'master' })
    expect(all.data.map(({ context, state }) => [context, state])).toEqual([
      ['pr', 'failure'],
      ['push', 'success'],
      ['push', 'pending'],
    ])
    const combined = await octokit.rest.repos.getCombinedStatusForRef({ ...at, ref: first })
    expect(combined.data).toMatchObject({ state: 'failure', total_count: 2, sha: first })
    const paged = await octokit.paginate(octokit.rest.repos.listCommitStatusesForRef, {
      ...at,
      ref: first,
      per_page: 1,
    })
    expect(paged).toHaveLength(3)
  })

  test.each([
    ['a description over 140 characters', { description: 'd'.repeat(141) }],
    ['an unknown state', { state: 'green' as 'success' }],
    ['an unknown commit', { sha: 'a'.repeat(40) }],
    ['a target that is not an HTTP URL', { target_url: 'ftp://127.0.0.1/log' }],
  ])('%s is refused with 422', async (_, wrong) => {
    const { at, first } = unchanged
    const status = { ...at, sha: first, state: 'success' as const, ...wrong }
    expect(await statusOf(octokit.rest.repos.createCommitStatus(status))).toBe(422)
  })

  test('creating a status requires a token', async () => {
    const { at, first } = unchanged
    const status = { ...at, sha: first, state: 'success' as const }
    expect(await statusOf(connect().rest.repos.createCommitStatus(status))).toBe(401)
  })

  test('a deployment requires successful statuses unless waived, and deactivates the previous one', async () => {
    const { at, first } = await makeRepository()
    await octokit.rest.repos.createCommitStatus({ ...at, sha: first, state: 'pending' })
    const request = { ...at, ref: 'master', auto_merge: false, environment: 'dev' }
    expect(await statusOf(octokit.rest.repos.createDeployment(request))).toBe(409)
    const deploy = async () => {
      const { data } = await octokit.rest.repos.createDeployment({ ...request, required_contexts: [] })
      const deployment_id = 'id' in data ? data.id : 0
      const state = 'success' as const
      await octokit.rest.repos.createDeploymentStatus({
        ...at,
        deployment_id,
        state,
        log_url: 'http://127.0.0.1/log',
      })
      return deployment_id
    }
    const earlier = await deploy()
    const later = await deploy()
    const states = async (deployment_id: number) =>
      (await octokit.rest.repos.listDeploymentStatuses({ ...at, deployment_id })).data.map(
        ({ state }) => state,
      )
    expect(await states(earlier)).toEqual(['inactive', 'success'])
    expect(await states(later)).toEqual(['success'])
    const listed = await octokit.rest.repos.listDeployments({ ...at, environment: 'dev' })
    expect(listed.data.map(({ id, sha }) => [id, sha])).toEqual([
      [later, first],
      [earlier, first],
    ])
    expect(await statusOf(octokit.rest.repos.createDeployment({ ...request, ref: 'missing' }))).toBe(422)
  })
})

describe('reading', () => {
  test('covers files, commits and branches', async () => {
    const repository = await makeRepository()
    await repository.git('checkout', '--quiet', '-b', 'other')
    const head = await repository.commit('Configure', '.lambci.json', '{"cmd": "true"}')
    await repository.push('other')
    const { at } = repository
    const file = { ...at, path: '.lambci.json' }
    const { data } = await octokit.rest.repos.getContent({ ...file, ref: head })
    expect(data).toMatchObject({ type: 'file', size: 15, content: expect.any(String) })
    expect(Buffer.from('content' in data ? data.content : '', 'base64').toString()).toBe('{"cmd": "true"}')
    const raw = await octokit.rest.repos.getContent({ ...file, ref: 'other', mediaType: { format: 'raw' } })
    expect(Buffer.from(raw.data as unknown as ArrayBuffer).toString()).toBe('{"cmd": "true"}')
    expect(await statusOf(octokit.rest.repos.getContent(file))).toBe(404)
    const commit = await octokit.rest.repos.getCommit({ ...at, ref: 'other' })
    expect(commit.data).toMatchObject({
      sha: head,
      parents: [{ sha: repository.first }],
      commit: { message: 'Configure' },
    })
    const branches = await octokit.rest.repos.listBranches(at)
    expect(branches.data.map(({ name }) => name)).toEqual(['master', 'other'])
  })
})

describe('hooks', () => {
  test('are pinged, list their deliveries, and redeliver with the same id', async () => {
    const { at, fullName } = await makeRepository()
    const { data: hooks } = await octokit.rest.repos.listWebhooks(at)
    expect(hooks).toMatchObject([{ active: true, config: { url: receiver.url, secret: '********' } }])
    const hook_id = hooks[0]!.id
    const isPing = (event: { name: string; payload: { hook_id: number } }) =>
      event.name === 'ping' && event.payload.hook_id === hook_id
    const { payload: ping } = await receiver.event(isPing)
    expect(payloadErrors('ping$event', ping)).toEqual([])
    const push = await receiver.push(fullName, 'refs/heads/master')
    expect(push.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^GitHub-Hookshot\//),
      'x-github-hook-id': String(hook_id),
      'x-hub-signature': expect.stringMatching(/^sha1=/),
    })
    const delivery = async (redelivery: boolean) => {
      for (;;) {
        const { data } = await octokit.rest.repos.listWebhookDeliveries({ ...at, hook_id })
        const found = data.find(each => each.guid === push.guid && each.redelivery === redelivery)
        if (found) return found
      }
    }
    const first = await delivery(false)
    expect(first).toMatchObject({ event: 'push', status_code: 202 })
    const { data: full } = await octokit.rest.repos.getWebhookDelivery({
      ...at,
      hook_id,
      delivery_id: first.id,
    })
    expect(full.request.payload).toEqual(push.payload)
    await octokit.rest.repos.redeliverWebhookDelivery({ ...at, hook_id, delivery_id: first.id })
    expect((await delivery(true)).guid).toBe(push.guid)
    const sent = receiver.events.filter(({ guid }) => guid === push.guid)
    expect(sent.map(({ payload }) => payload)).toEqual([push.payload, push.payload])
  })
})
