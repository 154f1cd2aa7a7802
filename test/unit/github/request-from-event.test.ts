import type { PullRequestEvent, PushEvent } from '@octokit/webhooks-types'
import { expect, test } from 'vitest'
import { payloadErrors } from '../../../loopback/test/github/payload-schema.ts'
import { parseEvent, type SourceEvent } from '../../../src/github/event.ts'
import { type RequestResult, requestFromEvent } from '../../../src/github/request-from-event.ts'
import {
  AFTER,
  BEFORE,
  examplesOf,
  FORK,
  HOSTILE,
  mergeGroupPayload,
  NOWHERE,
  pullRequestPayload,
  pushOf,
  pushPayload,
  REPOSITORY,
} from '../../support/payloads.ts'

type BuildEvent = SourceEvent
function requestResult(name: BuildEvent['name'], payload: unknown): RequestResult {
  const event = parseEvent(name, payload)
  if ('error' in event) return event
  return requestFromEvent(event as BuildEvent)
}
const requestOf = (name: BuildEvent['name'], payload: unknown) => {
  const result = requestResult(name, payload)
  if (!('request' in result)) throw new Error(JSON.stringify(result))
  return result.request
}

test.each<[string, object]>([
  ['push$event', pushPayload()],
  ['push$event', pushPayload({ forced: true })],
  ['pull_request$opened', pullRequestPayload()],
  ['pull_request$opened', pullRequestPayload({ head: 'fork' })],
  ['pull_request$synchronize', pullRequestPayload({ action: 'synchronize', head: 'fork', isPrivate: true })],
  ['merge_group$checks_requested', mergeGroupPayload()],
])("the made-up %s payloads fit GitHub's schema", (schema, payload) => {
  expect(payloadErrors(schema, payload)).toEqual([])
})

test('an ordinary push', () => {
  expect(requestOf('push', pushPayload())).toEqual({
    project: 'gh/codertocat/hello-world',
    repository: REPOSITORY,
    repositoryId: 186853002,
    event: 'push',
    trigger: 'push/master',
    branch: 'master',
    defaultBranch: 'master',
    commit: AFTER,
    baseCommit: BEFORE,
    cloneRepository: REPOSITORY,
    checkoutBranch: 'master',
    pullRequest: null,
    target: null,
    isFork: false,
    isStranger: false,
    isPrivate: false,
    isDependabot: false,
    message: expect.any(String),
    author: { name: expect.any(String), login: expect.any(String) },
    committers: expect.any(Array),
  })
})

const someone = { name: 'Ada', email: 'a@example.com', username: 'ada' }
const machine = { name: 'GitHub', email: 'noreply@github.com', username: 'web-flow' }
const nobody = { name: 'Nobody', email: 'n@example.com' }

test.each<[string, Partial<PushEvent>, object]>([
  ['a new branch has no commit before it', { before: NOWHERE, created: true }, { baseCommit: null }],
  ['a forced push keeps the commit before it', { forced: true }, { baseCommit: BEFORE, commit: AFTER }],
  [
    'without a head commit, `after` is built',
    { head_commit: null, commits: [] },
    { commit: AFTER, message: '' },
  ],
  ["a branch named almost like a merge queue's", { ref: 'refs/heads/gh-readonly-queue' }, { commit: AFTER }],
  ['a branch with slashes', { ref: 'refs/heads/a/b' }, { branch: 'a/b', trigger: 'push/a/b' }],
  ['a branch named like a ref', { ref: 'refs/heads/refs/heads/x' }, { branch: 'refs/heads/x' }],
])('push: %s', (_, change, expected) => {
  expect(requestOf('push', pushPayload(change))).toMatchObject(expected)
})

test('push: a private repository with another default branch', () => {
  const { repository, ...rest } = pushPayload()
  const payload = { ...rest, repository: { ...repository, private: true, default_branch: 'trunk' } }
  expect(requestOf('push', payload)).toMatchObject({ isPrivate: true, defaultBranch: 'trunk' })
})

test('push: Dependabot is recognised by its login', () => {
  const { sender, ...rest } = pushPayload()
  const payload = { ...rest, sender: { ...sender, login: 'dependabot[bot]' } }
  expect(requestOf('push', payload)).toMatchObject({ isDependabot: true, isFork: false })
})

test('push: all authors and committers are listed, each once', () => {
  const { commits } = pushOf({ author: someone, committer: machine })
  const [first] = commits
  const payload = pushOf({ author: nobody, committer: someone })
  const request = requestOf('push', { ...payload, commits: [first, ...payload.commits] })
  expect(request.author).toEqual({ name: 'Nobody', login: null })
  expect(request.committers).toEqual([
    { name: 'Ada', login: 'ada' },
    { name: 'GitHub', login: 'web-flow' },
    { name: 'Nobody', login: null },
  ])
})

test.each<[string, 'push' | 'pull_request' | 'merge_group', object, RegExp]>([
  ['a tag', 'push', pushPayload({ ref: 'refs/tags/v1' }), /^refs\/tags\/v1 is not a branch/],
  ['a note', 'push', pushPayload({ ref: 'refs/notes/x' }), /is not a branch/],
  [
    'a deletion',
    'push',
    pushPayload({ ref: 'refs/heads/x', deleted: true, after: NOWHERE, head_commit: null, commits: [] }),
    /^The branch x was deleted/,
  ],
  [
    "a merge queue's branch",
    'push',
    pushPayload({ ref: 'refs/heads/gh-readonly-queue/master/pr-7-aaaa' }),
    /^gh-readonly-queue\/master\/pr-7-aaaa belongs to a merge queue: its merge_group event is built/,
  ],
  ['a skip word', 'push', pushOf({ message: 'Fix [skip ci]' }), /contains "\[skip ci\]"/],
  [
    'a closed pull request',
    'pull_request',
    pullRequestPayload({ action: 'closed', state: 'closed' }),
    /was closed/,
  ],
  ['a label', 'pull_request', pullRequestPayload({ action: 'labeled' }), /^Pull request #7 was labeled/],
  [
    'a push to a closed pull request',
    'pull_request',
    pullRequestPayload({ action: 'synchronize', state: 'closed' }),
    /is closed/,
  ],
  [
    'a destroyed merge group',
    'merge_group',
    mergeGroupPayload('destroyed'),
    /^The merge group was destroyed/,
  ],
])('%s starts no build: %s', (_, name, payload, reason) => {
  expect(requestResult(name, payload)).toMatchObject({ ignored: expect.stringMatching(reason) })
})

test("all of GitHub's example events are understood", () => {
  const results = [
    ...examplesOf('push').map(payload => requestResult('push', payload)),
    ...examplesOf('pull_request').map(payload => requestResult('pull_request', payload)),
    ...examplesOf('merge_group').map(payload => requestResult('merge_group', payload)),
  ]
  expect(results.filter(each => 'error' in each)).toEqual([])
  expect(results.filter(each => 'request' in each).length).toBeGreaterThan(5)
})

test.each([['opened'], ['reopened'], ['synchronize']])('pull request: %s', action => {
  expect(requestOf('pull_request', pullRequestPayload({ action }))).toMatchObject({
    event: 'pull_request',
    trigger: 'pr/7',
    branch: 'master',
    checkoutBranch: 'topic',
    commit: AFTER,
    baseCommit: BEFORE,
    cloneRepository: REPOSITORY,
    pullRequest: 7,
    isFork: false,
    isDependabot: false,
    message: 'A pull request',
    author: { name: 'Codertocat', login: 'Codertocat' },
    committers: [],
  })
})

test.each<[string, Parameters<typeof pullRequestPayload>[0], object]>([
  ['from a fork', { head: 'fork' }, { isFork: true, cloneRepository: FORK }],
  ['from a deleted fork', { head: 'deleted' }, { isFork: true, cloneRepository: null, pullRequest: 7 }],
  ['of a private repository', { isPrivate: true }, { isPrivate: true, isFork: false }],
  ['by Dependabot', { user: 'dependabot[bot]' }, { isDependabot: true, isFork: false }],
  ['by Dependabot, pushed to by another', { user: 'dependabot[bot]', sender: 'ada' }, { isDependabot: true }],
  ['pushed to by Dependabot', { user: 'ada', sender: 'dependabot[bot]' }, { isDependabot: true }],
  ['with a skip word in its title', { title: 'Fix [skip ci]' }, { message: 'Fix [skip ci]' }],
])('a pull request %s', (_, pull, expected) => {
  expect(requestOf('pull_request', pullRequestPayload(pull))).toMatchObject(expected)
})

test.each<[unknown, boolean]>([
  ...['OWNER', 'MEMBER', 'COLLABORATOR', 'CONTRIBUTOR'].map((word): [string, boolean] => [word, false]),
  ...['FIRST_TIMER', 'FIRST_TIME_CONTRIBUTOR', 'MANNEQUIN', 'NONE'].map((word): [string, boolean] => [
    word,
    true,
  ]),
  ...['owner', 'A_NEW_WORD', '', null, undefined, 7, ['OWNER'], { OWNER: true }].map(
    (word): [unknown, boolean] => [word, true],
  ),
])(
  'the author of a pull request from a fork who is "%s" to the repository is a stranger: %s',
  (word, isStranger) => {
    for (const action of ['opened', 'reopened', 'synchronize', 'edited'])
      for (const head of ['fork', 'deleted', 'own'] as const) {
        const payload = pullRequestPayload({ action, head, sender: 'Codertocat' })
        const { author_association: _, ...pull } = payload.pull_request
        const changed = {
          ...payload,
          // A change of the base branch.
          changes: { base: { ref: { from: 'x' }, sha: { from: 'y' } } },
          pull_request: { ...pull, ...(word !== undefined && { author_association: word }) },
        }
        expect(requestOf('pull_request', changed)).toMatchObject({ isStranger: head !== 'own' && isStranger })
      }
  },
)

test('the repository id decides whether a pull request comes from a fork, not the name', () => {
  const { pull_request, ...rest } = pullRequestPayload()
  const withRepo = (repo: object): unknown => ({
    ...rest,
    pull_request: {
      ...pull_request,
      head: { ...pull_request.head, repo: { ...pull_request.head.repo, ...repo } },
    },
  })
  expect(requestOf('pull_request', withRepo({ id: 1 }))).toMatchObject({ isFork: true })
  expect(requestOf('pull_request', withRepo({ full_name: 'renamed/Hello-World' }))).toMatchObject({
    isFork: false,
  })
})

test('a pull request of a deleted account', () => {
  const payload = pullRequestPayload()
  const request = requestOf('pull_request', {
    ...payload,
    pull_request: { ...payload.pull_request, user: null },
  } as unknown as PullRequestEvent)
  expect(request.author).toEqual({ name: 'ghost', login: 'ghost' })
})

test('a merge group is built by the rules of its base, with its own trigger', () => {
  const payload = mergeGroupPayload()
  const { head_ref, head_sha, base_ref, base_sha } = payload.merge_group
  expect(requestOf('merge_group', payload)).toMatchObject({
    event: 'merge_group',
    branch: base_ref.replace('refs/heads/', ''),
    checkoutBranch: head_ref.replace('refs/heads/', ''),
    trigger: `push/${head_ref.replace('refs/heads/', '')}`,
    commit: head_sha,
    baseCommit: base_sha,
    pullRequest: null,
    isFork: false,
  })
})

test.each(HOSTILE)('%j stays data in every field', text => {
  const person = { name: text, email: 'x@example.com', username: text }
  const push = pushOf({ message: text, author: person }, { ref: `refs/heads/${text}` })
  expect(requestOf('push', push)).toMatchObject({
    branch: text,
    checkoutBranch: text,
    trigger: `push/${text}`,
    message: text,
    author: { login: text.length > 100 ? expect.stringMatching(/^n{80}…$/) : text },
  })
  const pull = pullRequestPayload({ head: 'fork', headRef: text, baseRef: text, title: text, user: text })
  expect(requestOf('pull_request', pull)).toMatchObject({ branch: text, checkoutBranch: text, message: text })
})

test('a long text is cut between characters', () => {
  const { message } = requestOf('push', pushOf({ message: `${'x'.repeat(1999)}🎉🎉` }))
  expect(message).toBe(`${'x'.repeat(1999)}…`)
})

test.each<[string, 'push' | 'pull_request', unknown]>([
  ['commit', 'push', pushPayload({ after: '--upload-pack=x' })],
  ['baseCommit', 'push', pushPayload({ before: 'HEAD' })],
  ['branch', 'push', pushPayload({ ref: `refs/heads/${'x'.repeat(501)}` })],
  ['branch', 'push', pushPayload({ ref: 'refs/heads/x\ud800' })],
  ['branch', 'push', pushPayload({ ref: `refs/heads/${'x'.repeat(2000)}`, deleted: true, after: NOWHERE })],
  ['branch', 'push', pushPayload({ ref: 'refs/heads/x\udc00', deleted: true, after: NOWHERE })],
  ['branch', 'pull_request', pullRequestPayload({ baseRef: 'x\ud800' })],
  ['checkoutBranch', 'pull_request', pullRequestPayload({ headRef: 'x\ud800' })],
])('an invalid %s is refused, and the error names the field', (field, name, payload) => {
  expect(requestResult(name, payload)).toEqual({
    error: expect.stringMatching(new RegExp(`^This ${name} event cannot be built: .*${field} is not valid`)),
  })
})

test('a head that calls the repository by another name is cloned by its own name, with the token for that', () => {
  const { pull_request, ...rest } = pullRequestPayload({ isPrivate: true })
  const repo = { ...pull_request.head.repo, full_name: 'victim/private' }
  const payload: unknown = {
    ...rest,
    pull_request: { ...pull_request, head: { ...pull_request.head, repo } },
  }
  expect(requestOf('pull_request', payload)).toMatchObject({ isFork: false, cloneRepository: REPOSITORY })
})

test.each(['../web', 'a/..', 'a/b/c', 'https://evil.example/x', '-x/y\n'])(
  'a fork named %j is refused',
  full_name => {
    const payload = pullRequestPayload({ head: 'fork' })
    const head = { ...payload.pull_request.head, repo: { ...payload.pull_request.head.repo, full_name } }
    expect(
      requestResult('pull_request', { ...payload, pull_request: { ...payload.pull_request, head } }),
    ).toEqual({
      error: expect.stringContaining('cloneRepository is not valid'),
    })
  },
)
