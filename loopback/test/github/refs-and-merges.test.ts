import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startGitHub } from '../../../test/support/small-process.ts'
import type { GitHub } from '../../github/server.ts'
import { payloadErrors } from './payload-schema.ts'
import { type Receiver, receiveWebhooks } from './webhook-receiver.ts'
import { makeDirectory, makeWorkingCopy, removeDirectories } from './working-copy.ts'

let receiver: Receiver
let github: GitHub
let octokit: Octokit

beforeAll(async () => {
  receiver = await receiveWebhooks()
  const webhook = { url: receiver.url, secret: receiver.secret }
  github = await startGitHub({ directory: await makeDirectory(), token: 'the-token', webhook })
  octokit = new Octokit({
    auth: 'the-token',
    baseUrl: github.apiUrl,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
})
afterAll(async () => {
  await github.close()
  await receiver.close()
  await removeDirectories()
})

async function makeRepository(repo: string) {
  const copy = await makeWorkingCopy(
    `${github.url.replace('://', '://x-access-token:the-token@')}/acme/${repo}.git`,
  )
  const first = await copy.commit('First')
  await copy.push('master')
  return { ...copy, first, at: { owner: 'acme', repo } }
}

const statusOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: { status?: number }) => error.status,
  )

test('two commits are compared by their place in git', async () => {
  const { first, at, ...copy } = await makeRepository('compared')
  const second = await copy.commit('Second')
  await copy.push('master')
  await copy.git('checkout', '--quiet', '-b', 'a/side', first)
  const side = await copy.commit('Side', 'side.txt')
  await copy.git('checkout', '--quiet', '--orphan', 'other')
  const other = await copy.commit('Other')
  await copy.push('a/side', 'other')
  const compare = async (base: string, head: string) => {
    const { data } = await octokit.rest.repos.compareCommitsWithBasehead({
      ...at,
      basehead: `${base}...${head}`,
    })
    return [data.status, data.ahead_by, data.behind_by, data.merge_base_commit.sha]
  }
  expect(await compare(first, second)).toEqual(['ahead', 1, 0, first])
  expect(await compare(second, first)).toEqual(['behind', 0, 1, first])
  expect(await compare(second, 'master')).toEqual(['identical', 0, 0, second])
  expect(await compare(second, 'a/side')).toEqual(['diverged', 1, 1, first])
  expect(await compare(first, side)).toEqual(['ahead', 1, 0, first])
  expect(await statusOf(compare(first, 'gone'))).toBe(404)
  expect(await statusOf(compare('f'.repeat(40), 'master'))).toBe(404)
  expect(await statusOf(compare(first, other))).toBe(404)
})

test('branches are created, moved and deleted by the API, each with a push event', async () => {
  const { first, at, ...copy } = await makeRepository('moved')
  const second = await copy.commit('Second')
  await copy.push(`${second}:refs/uploads/second`)
  const ref = 'heads/topic'
  await octokit.rest.git.createRef({ ...at, ref: `refs/${ref}`, sha: first })
  await octokit.rest.git.updateRef({ ...at, ref, sha: second })
  expect((await octokit.rest.git.getRef({ ...at, ref })).data.object.sha).toBe(second)
  expect(await statusOf(octokit.rest.git.updateRef({ ...at, ref, sha: first }))).toBe(422)
  await octokit.rest.git.updateRef({ ...at, ref, sha: first, force: true })
  await octokit.rest.git.deleteRef({ ...at, ref })
  const refused = [
    octokit.rest.git.deleteRef({ ...at, ref }),
    octokit.rest.git.createRef({ ...at, ref: 'refs/heads/a..b', sha: first }),
    octokit.rest.git.createRef({ ...at, ref: 'refs/pull/1/head', sha: first }),
    octokit.rest.git.createRef({ ...at, ref: 'refs/heads/new', sha: 'f'.repeat(40) }),
  ]
  expect(await Promise.all(refused.map(statusOf))).toEqual([422, 422, 422, 422])
  const deleted = await receiver.event(({ payload }) => payload.ref === `refs/${ref}` && payload.deleted)
  const found = receiver.events.filter(({ payload }) => payload.ref === `refs/${ref}`)
  expect(found.at(-1)).toBe(deleted)
  expect(found.map(({ payload }) => [payload.created, payload.forced, payload.deleted])).toEqual([
    [true, false, false],
    [false, false, false],
    [false, true, false],
    [false, false, true],
  ])
})

test('a pull request moves to another base, and its merge is computed', async () => {
  const { at, first, ...copy } = await makeRepository('retargeted')
  await copy.git('checkout', '--quiet', '-b', 'release')
  const release = await copy.commit('Release', 'release.txt')
  await copy.git('checkout', '--quiet', '-b', 'topic', first)
  const head = await copy.commit('Topic', 'topic.txt')
  await copy.push('release', 'topic')
  const { data } = await octokit.rest.pulls.create({ ...at, title: 'T', head: 'topic', base: 'master' })
  const pull = { ...at, pull_number: data.number }
  await octokit.rest.pulls.update({ ...pull, base: 'release' })
  const { payload } = await receiver.pull('acme/retargeted', 'edited')
  expect(payloadErrors('pull_request$edited', payload)).toEqual([])
  expect(payload).toMatchObject({
    changes: { base: { ref: { from: 'master' }, sha: { from: first } } },
    pull_request: { base: { ref: 'release', sha: release } },
  })
  expect(await statusOf(octokit.rest.pulls.update({ ...pull, base: 'gone' }))).toBe(422)
  const read = async () => (await octokit.rest.pulls.get(pull)).data
  const merged = await vi.waitUntil(async () => {
    const data = await read()
    return data.mergeable !== null && data
  }, 10_000)
  expect(merged.mergeable).toBe(true)
  await copy.git('fetch', '--quiet', 'origin', `refs/pull/${data.number}/merge`)
  expect(await copy.git('rev-parse', 'FETCH_HEAD', 'FETCH_HEAD^1', 'FETCH_HEAD^2')).toBe(
    [merged.merge_commit_sha, release, head].join('\n'),
  )
})
