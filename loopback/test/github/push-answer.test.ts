import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { keyOfPath } from '../../../src/records/links.ts'
import { startGitHub } from '../../../test/support/small-process.ts'
import type { Pages } from '../../github/hooks.ts'
import type { GitHub } from '../../github/server.ts'
import { type Event, type Receiver, receiveWebhooks } from './webhook-receiver.ts'
import { makeDirectory, makeWorkingCopy, removeDirectories } from './working-copy.ts'

const TOKEN = 'the-token'
const LINK_KEY = 'a-link-key-of-these-tests'
const PAGES: Pages = { url: 'http://127.0.0.1:4300', linkKey: LINK_KEY }

let receiver: Receiver
let github: GitHub
let repositories = 0
beforeAll(async () => {
  receiver = await receiveWebhooks()
  github = await startGitHub({ directory: await makeDirectory(), token: TOKEN, webhook: null })
})
beforeEach(() => announce())
afterAll(async () => {
  await github.close()
  await receiver.close()
  await removeDirectories()
})

const announce = (pages: Partial<Pages> | null = {}) =>
  github.setWebhook({
    ...{ url: receiver.url, secret: receiver.secret },
    ...(pages && { pages: { ...PAGES, ...pages } }),
  })

/** Answers each event like the http function, with builds from #1. */
function answerWithBuilds(more: object = {}) {
  let number = 0
  receiver.respondWith(202, ({ payload }: Event) =>
    JSON.stringify({
      ...{
        project: `gh/${payload.repository.full_name}`,
        number: ++number,
        url: 'http://elsewhere.example/x',
      },
      trigger: payload.ref?.replace('refs/heads', 'push') ?? `pr/${payload.number}`,
      ...more,
    }),
  )
}

/** Pushes with git, and returns the server's messages as printed by git. */
async function push(copy: { directory: string }, ...args: string[]) {
  const { PATH = '' } = process.env
  const env = { PATH, HOME: copy.directory, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' }
  const { stderr } = await promisify(execFile)('git', ['push', 'origin', ...args], {
    cwd: copy.directory,
    env,
  })
  const lines = stderr.split('\n')
  return lines
    .filter(line => line.startsWith('remote: '))
    .map(line => line.slice('remote: '.length).trimEnd())
}

const makeCopy = async (name = `acme/site-${++repositories}`) => {
  const copy = await makeWorkingCopy(`${github.url.replace('://', `://x:${TOKEN}@`)}/${name}.git`)
  await copy.commit('First')
  return { ...copy, name, page: `${PAGES.url}/gh/${name}` }
}
const post = async (path: string, body: object) => {
  const headers = { authorization: `token ${TOKEN}` }
  const answer = await fetch(`${github.apiUrl}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(201)
}

test('a push is answered with the link to its build, however quiet', async () => {
  answerWithBuilds()
  const copy = await makeCopy()
  expect(await push(copy, 'master')).toEqual([`Build #1: ${copy.page}/builds/1`])
  await copy.commit('Second')
  expect(await push(copy, '--quiet', 'master')).toEqual([`Build #2: ${copy.page}/builds/2`])
  // Nothing is pushed.
  expect(await push(copy, 'master')).toEqual([])
})

test('the link to a build of a private repository has its key', async () => {
  answerWithBuilds()
  await post('/orgs/acme/repos', { name: 'secret', private: true })
  const path = '/gh/acme/secret/builds/1'
  expect(await push(await makeCopy('acme/secret'), 'master')).toEqual([
    `Build #1: ${PAGES.url}${path}?key=${keyOfPath(path, LINK_KEY)}`,
  ])
})

test('several builds have their branches and pull requests, and those that wait say for what', async () => {
  const copy = await makeCopy()
  await push(copy, 'master')
  await copy.commit('Better')
  await push(copy, 'master:topic')
  await post(`/repos/${copy.name}/pulls`, { title: 'Better', head: 'topic', base: 'master' })
  await announce()
  answerWithBuilds({ waits: 'for approval: lambci approve acme/site#1' })
  await copy.commit('Even better')
  expect(await push(copy, 'master:topic')).toEqual([
    `Build #1, push/topic: ${copy.page}/builds/1`,
    'It waits for approval: lambci approve acme/site#1',
    `Build #2, pr/1: ${copy.page}/builds/2`,
    'It waits for approval: lambci approve acme/site#1',
  ])
})

test.each<[string, number, string, string]>([
  ['nothing is built', 200, JSON.stringify({ ignored: 'It is skipped.' }), 'No build: It is skipped.'],
  [
    'the push is refused',
    403,
    JSON.stringify({ error: 'Not\u001b[31m allowed.' }),
    'No build: Not\\x1b[31m allowed.',
  ],
  ['the webhook fails', 502, 'Bad gateway', 'No build: The webhook has answered with 502.'],
  [
    'the answer is of another form',
    202,
    '{"project": "../x", "number": 1}',
    'No build: The webhook has answered with 202.',
  ],
])('a push says so if %s', async (_, status, body, expected) => {
  receiver.respondWith(status, () => body)
  expect(await push(await makeCopy(), 'master')).toEqual([expected])
})

test('of a push to many branches, some builds have a link, and the rest are where builds are listed', async () => {
  answerWithBuilds()
  const branches = Array.from({ length: 12 }, (_, index) => `master:branch-${index}`)
  const copy = await makeCopy()
  const lines = await push(copy, ...branches)
  expect(lines).toHaveLength(11)
  expect(lines.at(-1)).toBe(`All builds: ${copy.page}`)
})

test('a hook of the repository that leads elsewhere says nothing, and neither does one without pages', async () => {
  answerWithBuilds()
  await announce(null)
  const copy = await makeCopy()
  expect(await push(copy, 'master')).toEqual([])
  await github.setWebhook({ url: 'http://127.0.0.1:9/webhook', secret: 'x', pages: PAGES })
  const config = { url: receiver.url, secret: receiver.secret, content_type: 'json' }
  await post(`/repos/${copy.name}/hooks`, { config })
  await copy.commit('Second')
  expect(await push(copy, 'master')).toEqual([])
})

test('a push waits no longer than it may, and then says where builds are listed', async () => {
  await announce({ timeoutMs: 1 })
  receiver.respondWith('never')
  const copy = await makeCopy()
  expect(await push(copy, 'master')).toEqual([`Builds: ${copy.page}`])
})
