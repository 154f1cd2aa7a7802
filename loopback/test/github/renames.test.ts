import { join } from 'node:path'
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGitHub } from '../../../test/support/small-process.ts'
import type { GitHub } from '../../github/server.ts'
import { type Receiver, receiveWebhooks } from './webhook-receiver.ts'
import { git, makeDirectory, makeWorkingCopy, removeDirectories } from './working-copy.ts'

// GitHub's handling of repository names: it ignores case, and leads old names to the repository.
const TOKEN = 'the-token'
let receiver: Receiver
let github: GitHub
let octokit: Octokit
beforeAll(async () => {
  receiver = await receiveWebhooks()
  const webhook = { url: receiver.url, secret: receiver.secret }
  github = await startGitHub({ directory: await makeDirectory(), token: TOKEN, webhook })
  octokit = new Octokit({ auth: TOKEN, baseUrl: github.apiUrl })
})
afterAll(async () => {
  await github.close()
  await receiver.close()
  await removeDirectories()
})

const remote = (fullName: string) => `${github.url}/${fullName}.git`
async function makeRepository(fullName: string) {
  const copy = await makeWorkingCopy(remote(fullName))
  const first = await copy.commit('First')
  await copy.push('master')
  return { ...copy, first }
}
const names = (owner: string, repo: string) => ({ owner, repo })
const idOf = async (owner: string, repo: string) => (await octokit.rest.repos.get(names(owner, repo))).data.id
const fetchApi = (path: string, method = 'GET', token: string | null = TOKEN) =>
  fetch(`${github.apiUrl}${path}`, {
    method,
    redirect: 'manual',
    ...(token && { headers: { authorization: `token ${token}` } }),
    ...(method !== 'GET' && { body: '{"state": "success"}' }),
  })

test('one repository has all spellings of its name, in git and in the API', async () => {
  const { first: commit } = await makeRepository('Acme/Site')
  expect(await git('/', 'ls-remote', remote('acme/SITE'), 'refs/heads/master')).toContain(commit)
  const copy = await makeWorkingCopy(remote('acme/site'))
  await copy.commit('Second')
  await copy.push('master:other')
  const { payload } = await receiver.push('Acme/Site', 'refs/heads/other')
  expect(payload).toMatchObject({ repository: { id: await idOf('ACME', 'site'), full_name: 'Acme/Site' } })
})

test('a renamed repository keeps its id and its hooks, and its old name leads to it', async () => {
  const { first: commit, ...copy } = await makeRepository('acme/old')
  const id = await idOf('acme', 'old')
  await octokit.rest.repos.update({ ...names('acme', 'old'), name: 'New' })
  expect(await idOf('acme', 'new')).toBe(id)
  expect((await octokit.rest.repos.get(names('acme', 'old'))).data).toMatchObject({
    id,
    full_name: 'acme/New',
  })

  const moved = await fetchApi('/repos/Acme/OLD/commits/master/statuses?per_page=1')
  const location = `${github.apiUrl}/repositories/${id}/commits/master/statuses?per_page=1`
  expect([moved.status, moved.headers.get('location')]).toEqual([301, location])
  expect((await fetchApi(`/repos/acme/old/statuses/${commit}`, 'POST')).status).toBe(307)
  await octokit.rest.repos.createCommitStatus({
    ...names('acme', 'old'),
    sha: commit,
    state: 'success',
    context: 'x',
  })
  const { data } = await octokit.rest.repos.listCommitStatusesForRef({ ...names('acme', 'new'), ref: commit })
  expect(data).toMatchObject([{ state: 'success', context: 'x' }])

  await copy.commit('Pushed to the old name')
  await copy.push('master:later')
  expect((await receiver.push('acme/New', 'refs/heads/later')).payload).toMatchObject({ repository: { id } })
  await git(copy.directory, 'clone', '--quiet', remote('acme/old'), 'clone')
  expect(await git(join(copy.directory, 'clone'), 'rev-parse', 'HEAD')).toBe(commit)
})

test('a new repository can take an old name, and a repository can be found by its id', async () => {
  await makeRepository('acme/taken')
  const id = await idOf('acme', 'taken')
  await octokit.rest.repos.update({ ...names('acme', 'taken'), name: 'away' })
  await octokit.rest.repos.createInOrg({ org: 'acme', name: 'Taken' })
  expect(await idOf('acme', 'taken')).not.toBe(id)
  const found = await octokit.request('GET /repositories/{id}', { id })
  expect(found.data).toMatchObject({ id, full_name: 'acme/away' })
  expect((await fetchApi('/repositories/999999')).status).toBe(404)
})

test('a transferred repository keeps its id, and a private one hides where it went', async () => {
  await makeRepository('acme/moving')
  const id = await idOf('acme', 'moving')
  await octokit.rest.repos.update({ ...names('acme', 'moving'), private: true })
  await octokit.rest.repos.transfer({ ...names('acme', 'moving'), new_owner: 'other' })
  expect(await idOf('other', 'moving')).toBe(id)
  expect(await idOf('acme', 'moving')).toBe(id)
  expect((await fetchApi('/repos/acme/moving', 'GET', null)).status).toBe(404)
})
