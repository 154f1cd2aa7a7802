import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Octokit } from '@octokit/rest'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UserError } from '../../../src/model/user-error.ts'
import { startGitHub } from '../../../test/support/small-process.ts'
import type { GitHub } from '../../github/server.ts'
import { payloadErrors } from './payload-schema.ts'
import { type Receiver, receiveWebhooks } from './webhook-receiver.ts'
import { git, makeDirectory, makeWorkingCopy, removeDirectories } from './working-copy.ts'

// The guarantees of the loopback GitHub beyond the contract suite.
const TOKEN = 'the-token'
const CLONE_TOKEN = 'the-clone-token'
const at = { owner: 'acme', repo: 'site' }

let receiver: Receiver
let directory: string
let github: GitHub

const start = () =>
  startGitHub({
    directory,
    token: TOKEN,
    cloneToken: CLONE_TOKEN,
    webhook: { url: receiver.url, secret: receiver.secret },
  })

beforeEach(async () => {
  receiver = await receiveWebhooks()
  directory = await makeDirectory()
  github = await start()
})

afterEach(async () => {
  await github.close()
  await receiver.close()
})
afterAll(removeDirectories)

const connect = (auth: string | null = TOKEN) =>
  new Octokit({
    ...(auth && { auth }),
    baseUrl: github.apiUrl,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
const statusOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: { status?: number }) => error.status,
  )
const remote = (password = '', fullName = 'acme/site') =>
  `${github.url.replace('://', (password && `://x-access-token:${password}@`) || '://')}/${fullName}.git`

/** Creates `acme/site` by pushing one commit. */
async function makeRepository() {
  const copy = await makeWorkingCopy(remote())
  const first = await copy.commit('First')
  await copy.push('master')
  return { ...copy, first }
}

describe('the first push', () => {
  test('creates a public repository and sends an event to the server’s hook', async () => {
    const { first } = await makeRepository()
    const { payload, headers } = await receiver.push('acme/site', 'refs/heads/master')
    expect(payload).toMatchObject({ after: first, pusher: { name: 'acme' }, repository: { private: false } })
    expect(headers['x-github-hook-id']).toBe('1')
    const { data } = await connect(null).rest.repos.get({ owner: 'ACME', repo: 'Site' })
    expect(data).toMatchObject({ full_name: 'acme/site', default_branch: 'master', clone_url: remote() })
  })

  test('and further ones from this machine are like those over HTTP', async () => {
    const [copy, byHttp] = [await makeWorkingCopy(remote()), await makeWorkingCopy(remote('', 'acme/other'))]
    const commits: string[] = []
    const receive = async (branch: string, commit: string) => {
      await github.receive({ repository: 'acme/site', from: copy.directory, move: { branch, commit } })
      await copy.git('push', '--quiet', '--force', remote('', 'acme/other'), `${commit}:refs/heads/${branch}`)
      commits.push(commit)
    }
    await receive('master', await copy.commit('First'))
    await receive('topic', await copy.commit('Second'))
    await copy.git('checkout', '--quiet', '-b', 'side', commits[0] ?? '')
    await receive('topic', await copy.commit('Third'))
    const eventsOf = async (repository: string) => {
      for (const [index, commit] of commits.entries())
        await receiver.push(repository, `refs/heads/${index === 0 ? 'master' : 'topic'}`, commit)
      const { events } = receiver
      const own = events.filter(({ payload }) => payload.repository?.full_name === repository)
      // Ids, URLs and times differ, because the repositories do.
      return own.map(({ payload: { repository: _, compare: __, commits, head_commit, ...rest } }) => ({
        ...rest,
        head: head_commit?.id,
        commits: commits.map(({ id, distinct, added }: Record<string, unknown>) => [id, distinct, added]),
      }))
    }
    const received = await eventsOf('acme/site')
    expect(received).toHaveLength(3)
    expect(received).toEqual(await eventsOf('acme/other'))
    await byHttp.git('fetch', '--quiet', '--depth=1', remote(), 'refs/heads/topic')
    expect(await byHttp.git('rev-parse', 'FETCH_HEAD')).toBe(commits[2])
  })

  test('determines the default branch', async () => {
    const copy = await makeWorkingCopy(remote())
    await copy.commit('First')
    await copy.push('master:main', 'master:a-feature')
    expect((await connect().rest.repos.get(at)).data.default_branch).toBe('main')
    await copy.push('master:master')
    expect((await connect().rest.repos.get(at)).data.default_branch).toBe('main')
    await connect().rest.repos.update({ ...at, default_branch: 'a-feature' })
    await git(copy.directory, 'clone', '--quiet', remote(), 'clone')
    expect(await git(join(copy.directory, 'clone'), 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('a-feature')
  })

  test('creates one repository even if clients push concurrently', async () => {
    const copies = await Promise.all([1, 2, 3, 4].map(() => makeWorkingCopy(remote())))
    await Promise.all(
      copies.map(async (copy, index) => {
        await copy.commit(`Side ${index}`)
        await copy.push(`master:side-${index}`)
      }),
    )
    const { data } = await connect().rest.repos.listBranches(at)
    expect(data.map(({ name }) => name)).toEqual(['side-0', 'side-1', 'side-2', 'side-3'])
  })

  test.each(['acme/..', 'acme/%2e%2e%2fgitconfig', '../site', 'acme/a%20b', 'acme/x.git', '-/$(id)'])(
    'cannot create %s',
    async name => {
      const path = `/${name}.git/info/refs?service=git-receive-pack`
      // fetch would resolve the dots.
      const answer = await send({ path })
      expect(answer.statusCode).toBe(404)
      expect((await readdir(directory)).filter(file => file.endsWith('.git'))).toEqual([])
    },
  )
})

/** Makes git send the token at once. It sends the password of a URL only after a 401. */
const withToken = (token: string) => {
  const pair = Buffer.from(`x-access-token:${token}`).toString('base64')
  return ['-c', `http.extraheader=Authorization: Basic ${pair}`]
}

describe('access', () => {
  test('a wrong password is refused even if none is required', async () => {
    const copy = await makeRepository()
    const push = (token: string, ref: string) =>
      copy.git(...withToken(token), 'push', '--quiet', remote(), ref)
    await expect(push('wrong', 'master:other')).rejects.toThrow('Username')
    await expect(copy.git(...withToken('wrong'), 'ls-remote', remote())).rejects.toThrow('Username')
    await push(TOKEN, 'master:other')
  })

  test('the clone token can read a private repository but not write', async () => {
    const copy = await makeRepository()
    await connect().rest.repos.update({ ...at, private: true })
    const refs = await copy.git('ls-remote', remote(CLONE_TOKEN))
    expect(refs).toContain('refs/heads/master')
    await expect(copy.git(...withToken(CLONE_TOKEN), 'push', remote(), 'master:other')).rejects.toThrow('403')
    await expect(copy.git('ls-remote', remote())).rejects.toThrow('Username')
    const reader = connect(CLONE_TOKEN)
    expect((await reader.rest.repos.get(at)).data.private).toBe(true)
    const status = { ...at, sha: copy.first, state: 'success' as const }
    expect(await statusOf(reader.rest.repos.createCommitStatus(status))).toBe(403)
    expect(await statusOf(reader.rest.repos.listWebhooks(at))).toBe(403)
  })

  test('a request with a rebound host name is refused', async () => {
    await makeRepository()
    const path = '/api/v3/repos/acme/site'
    expect((await send({ path })).statusCode).toBe(200)
    expect((await send({ path, headers: { host: 'rebound.example' } })).statusCode).toBe(403)
  })
})

/** Sends one request with node:http, which does not normalize paths. */
async function send({ path = '/', method = 'GET', headers = {}, body = '' as string | Uint8Array }) {
  const sent = request(new URL(github.url), { path, method, headers, agent: false })
  if ('expect' in headers) sent.once('continue', () => sent.end(body)).flushHeaders()
  else sent.end(body)
  const [answer] = await once(sent, 'response')
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += chunk
  return { statusCode: answer.statusCode as number, text, headers: answer.headers }
}

describe('REST', () => {
  test('unknown routes are answered with 501, malformed requests with 400, 413 or 422', async () => {
    expect(await statusOf(connect().rest.issues.listForRepo(at))).toBe(501)
    const path = '/api/v3/user/repos'
    const post = (body: string) =>
      send({ path, method: 'POST', headers: { authorization: `token ${TOKEN}` }, body })
    expect((await post('{"name": ')).statusCode).toBe(400)
    expect((await post(JSON.stringify({ name: 'x'.repeat(2 ** 20) }))).statusCode).toBe(413)
    expect((await post('{"name": "../x"}')).statusCode).toBe(422)
    const malformed = await send({ path: '/api/v3/repos/acme/%ff' })
    expect(malformed.statusCode).toBe(400)
    expect(JSON.parse(malformed.text)).toMatchObject({ documentation_url: expect.any(String) })
    expect(malformed.headers['x-ratelimit-limit']).toBe('5000')
  })

  test('contents are read by exact path only', async () => {
    const copy = await makeRepository()
    await mkdir(join(copy.directory, 'folder'))
    await copy.commit('More', 'folder/*.txt')
    await copy.push('master')
    const read = (path: string) => statusOf(connect().rest.repos.getContent({ ...at, path }))
    expect(await read('folder/*.txt')).toBe('no error')
    expect(await read('f*.txt')).toBe(404)
    expect(await read('folder')).toBe(501)
    expect((await send({ path: '/api/v3/repos/acme/site/contents/..%2ffile.txt' })).statusCode).toBe(404)
    expect(
      await statusOf(connect().rest.repos.getContent({ ...at, path: 'file.txt', ref: 'master~1' })),
    ).toBe(404)
  })

  test('a user name sent with the token becomes the sender', async () => {
    const copy = await makeRepository()
    await copy.git('checkout', '--quiet', '-b', 'update')
    await copy.commit('Update')
    await copy.push('update')
    const authorization = `Basic ${Buffer.from(`dependabot[bot]:${TOKEN}`).toString('base64')}`
    const pull = { title: 'Update', head: 'update', base: 'master' }
    await connect(null).request('POST /repos/{owner}/{repo}/pulls', {
      ...at,
      ...pull,
      headers: { authorization },
    })
    const { payload } = await receiver.pull('acme/site', 'opened')
    expect(payloadErrors('pull_request$opened', payload)).toEqual([])
    expect(payload).toMatchObject({
      sender: { login: 'dependabot[bot]', type: 'Bot' },
      pull_request: { user: { type: 'Bot' } },
    })
  })

  test('a pull request from a deleted fork can be reopened, without a head repository', async () => {
    const copy = await makeRepository()
    await copy.git('checkout', '--quiet', '-b', 'feature')
    const head = await copy.commit('Feature')
    await connect().rest.repos.createFork({ ...at, organization: 'forker' })
    await copy.git('push', '--quiet', remote('', 'forker/site'), 'feature')
    const { data } = await connect().rest.pulls.create({
      ...at,
      title: 'F',
      head: 'forker:feature',
      base: 'master',
    })
    await connect().rest.repos.delete({ owner: 'forker', repo: 'site' })
    const pull = { ...at, pull_number: data.number }
    await connect().rest.pulls.update({ ...pull, state: 'closed' })
    await connect().rest.pulls.update({ ...pull, state: 'open' })
    const { payload } = await receiver.pull('acme/site', 'reopened')
    expect(payloadErrors('pull_request$reopened', payload)).toEqual([])
    expect(payload.pull_request.head).toMatchObject({ repo: null, label: 'forker:feature', sha: head })
  })

  test('deleting the head branch closes its pull request', async () => {
    const copy = await makeRepository()
    await copy.git('checkout', '--quiet', '-b', 'feature')
    await copy.commit('Feature')
    await copy.push('feature')
    await connect().rest.pulls.create({ ...at, title: 'F', head: 'feature', base: 'master' })
    await copy.push('--delete', 'feature')
    await receiver.pull('acme/site', 'closed')
  })
})

describe('git', () => {
  test('hooks in a repository never run', async () => {
    const copy = await makeRepository()
    const [repository = ''] = (await readdir(directory)).filter(file => file.endsWith('.git'))
    const hooks = join(directory, repository, 'hooks')
    const marker = join(directory, 'pwned')
    await mkdir(hooks, { recursive: true })
    for (const name of ['pre-receive', 'update', 'post-receive', 'post-update', 'reference-transaction']) {
      await writeFile(join(hooks, name), `#!/bin/sh\ntouch ${marker}\n`)
      await chmod(join(hooks, name), 0o755)
    }
    await copy.push('master:other')
    await receiver.push('acme/site', 'refs/heads/other')
    await expect(access(marker)).rejects.toThrow('ENOENT')
  })

  test('compressed bodies, protocol 2 and Expect are supported', async () => {
    const { first } = await makeRepository()
    const { statusCode, text } = await send({
      path: '/acme/site.git/git-upload-pack',
      method: 'POST',
      headers: {
        'content-type': 'application/x-git-upload-pack-request',
        'content-encoding': 'gzip',
        'git-protocol': 'version=2',
        expect: '100-continue',
      },
      body: gzipSync('0014command=ls-refs\n0001000bsymrefs0000'.replace('000bsymrefs', '000csymrefs\n')),
    })
    expect(statusCode).toBe(200)
    expect(text).toContain(`${first} HEAD symref-target:refs/heads/master`)
  })

  test.each(['0', '2'])('an unreachable commit can be fetched with protocol %s', async version => {
    const copy = await makeRepository()
    const unreachable = await copy.commit('Unreachable')
    await copy.push('master')
    await copy.push('--force', `${copy.first}:master`)
    const clone = await makeDirectory()
    await git(clone, 'init', '--quiet')
    await git(
      clone,
      '-c',
      `protocol.version=${version}`,
      'fetch',
      '--quiet',
      '--depth=1',
      remote(),
      unreachable,
    )
    expect(await git(clone, 'rev-parse', 'FETCH_HEAD')).toBe(unreachable)
  })

  test('an aborted push changes nothing and does not block others', async () => {
    const copy = await makeRepository()
    const broken = request(new URL(`${remote()}/git-receive-pack`), {
      method: 'POST',
      headers: { 'content-type': 'application/x-git-receive-pack-request' },
      agent: false,
    })
    broken.on('error', () => {})
    const command = `${'0'.repeat(40)} ${copy.first} refs/heads/broken\0 report-status\n`
    broken.write(`${(command.length + 4).toString(16).padStart(4, '0')}${command}`)
    await once(broken, 'socket')
    const next = copy.push('master:next')
    broken.destroy()
    await next
    await receiver.push('acme/site', 'refs/heads/next')
    expect(receiver.events.map(({ payload }) => payload.ref)).toEqual([
      'refs/heads/master',
      'refs/heads/next',
    ])
  })
})

describe('deliveries', () => {
  test('a failed delivery is recorded and not retried', async () => {
    receiver.respondWith(500)
    const copy = await makeRepository()
    const { guid } = await receiver.push('acme/site', 'refs/heads/master')
    github.setWebhook({ url: 'http://127.0.0.1:1/', secret: 's' })
    await copy.push('master:unreachable')
    github.setWebhook(null)
    await copy.push('master:without-webhook')
    github.setWebhook({ url: receiver.url, secret: receiver.secret })
    await copy.push('master:last')
    await receiver.push('acme/site', 'refs/heads/last')
    expect(receiver.events.map(({ payload }) => payload.ref)).toEqual([
      'refs/heads/master',
      'refs/heads/last',
    ])
    const { data } = await connect().rest.repos.listWebhookDeliveries({ ...at, hook_id: 1 })
    const failed = data.find(delivery => delivery.guid === guid)
    expect(failed).toMatchObject({ status_code: 500, redelivery: false })
  })

  test('a repository’s own hook replaces the server’s hook', async () => {
    const own = await receiveWebhooks('another secret')
    const copy = await makeRepository()
    const config = { url: own.url, secret: own.secret, content_type: 'json' }
    const { data: hook } = await connect().rest.repos.createWebhook({ ...at, config, events: ['push'] })
    await copy.push('master:own')
    await own.push('acme/site', 'refs/heads/own')
    await connect().rest.repos.updateWebhook({ ...at, hook_id: hook.id, active: false })
    await copy.push('master:inactive')
    await connect().rest.repos.deleteWebhook({ ...at, hook_id: hook.id })
    await copy.push('master:server')
    await receiver.push('acme/site', 'refs/heads/server')
    const delivered = ({ events }: Receiver) => events.map(({ payload }) => payload.ref).filter(Boolean)
    expect(delivered(own)).toEqual(['refs/heads/own'])
    expect(delivered(receiver)).toEqual(['refs/heads/master', 'refs/heads/server'])
    await own.close()
  })
})

describe('starting', () => {
  test('restores all state', async () => {
    const { first } = await makeRepository()
    const sent = await receiver.push('acme/site', 'refs/heads/master')
    await connect().rest.repos.createCommitStatus({ ...at, sha: first, state: 'success' })
    const deployment = { ...at, ref: 'master', auto_merge: false, required_contexts: [] }
    await connect().rest.repos.createDeployment(deployment)
    await connect().rest.repos.createFork({ ...at, organization: 'forker' })
    await github.close()
    github = await start()
    const { rest } = connect()
    expect((await rest.repos.getCombinedStatusForRef({ ...at, ref: 'master' })).data.state).toBe('success')
    expect((await rest.repos.listDeployments(at)).data).toHaveLength(1)
    const fork = await rest.repos.get({ owner: 'forker', repo: 'site' })
    expect(fork.data).toMatchObject({ fork: true, parent: { full_name: 'acme/site' } })
    const { data } = await rest.repos.listWebhookDeliveries({ ...at, hook_id: 1 })
    expect(data.map(({ guid }) => guid)).toContain(sent.guid)
    expect(receiver.events).toHaveLength(1)
  })

  test.each([
    ['set at the start', true],
    ['set later', false],
  ])('after kill -9 loses no event, with the webhook %s', async (_, isSetAtStart) => {
    await github.close()
    receiver.respondWith('never')
    const program = `
      import { startGitHub } from ${JSON.stringify(new URL('../../github/server.ts', import.meta.url).href)}
      const webhook = { url: ${JSON.stringify(receiver.url)}, secret: ${JSON.stringify(receiver.secret)} }
      const { url } = await startGitHub({ directory: ${JSON.stringify(directory)}, token: 't', webhook })
      console.log(url)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(child.stdout, 'data')
    const copy = await makeWorkingCopy(`${String(line).trim()}/acme/site.git`)
    await copy.commit('First')
    await copy.push('master')
    await copy.push('master:second')
    const { guid } = await receiver.push('acme/site', 'refs/heads/master')
    child.kill('SIGKILL')
    await once(child, 'exit')
    // As if the server had been killed between a push and its event.
    const [repository = ''] = (await readdir(directory)).filter(file => file.endsWith('.git'))
    await copy.git('push', '--quiet', join(directory, repository), 'master:unsent')

    receiver.respondWith(202)
    receiver.events.length = 0
    if (isSetAtStart) github = await start()
    else {
      github = await startGitHub({ directory, token: TOKEN, webhook: null })
      github.setWebhook({ url: receiver.url, secret: receiver.secret })
    }
    await receiver.push('acme/site', 'refs/heads/unsent')
    const refs = receiver.events.map(({ payload }) => payload.ref)
    expect(refs).toEqual(['refs/heads/master', 'refs/heads/second', 'refs/heads/unsent'])
    expect(receiver.events[0]?.guid).toBe(guid)
  })

  test('without git fails with a UserError', async () => {
    const gitPath = join(directory, 'no-git')
    const second = startGitHub({ directory: await makeDirectory(), gitPath, token: 't', webhook: null })
    await expect(second).rejects.toThrow(UserError)
  })

  test('on a taken port fails with a UserError', async () => {
    const port = Number(new URL(github.url).port)
    const second = startGitHub({ directory: await makeDirectory(), port, token: 't', webhook: null })
    await expect(second).rejects.toThrow(UserError)
  })
})
