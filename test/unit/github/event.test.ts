import { expect, test } from 'vitest'
import { isSupportedEvent, parseEvent } from '../../../src/github/event.ts'
import {
  ALL_EXAMPLES,
  examplesOf,
  mergeGroupPayload,
  pullRequestPayload,
  pushPayload,
} from '../../support/payloads.ts'

const NAMES = ['ping', 'push', 'pull_request', 'merge_group', 'check_run', 'check_suite'] as const

test.each(NAMES)("every example of GitHub's %s events is read", name => {
  const examples = examplesOf(name)
  expect(examples.length).toBeGreaterThan(0)
  for (const payload of examples) expect(parseEvent(name, payload)).toMatchObject({ name, payload: {} })
})

test('unused fields are left out', () => {
  expect(parseEvent('push', pushPayload())).toMatchObject({ payload: { ref: 'refs/heads/master' } })
  expect(JSON.stringify(parseEvent('push', pushPayload()))).not.toMatch(/email|_url|node_id/)
})

test.each([
  ['push', true],
  ['issues', false],
  ['', false],
  ['constructor', false],
  ['__proto__', false],
  ['toString', false],
])('supports the event "%s": %j', (name, expected) => {
  expect(isSupportedEvent(name)).toBe(expected)
})

const PAYLOADS = {
  push: pushPayload,
  pull_request: () => pullRequestPayload({ head: 'fork' }),
  merge_group: () => mergeGroupPayload(),
  check_run: () => exampleOf('check_run', 'requested_action'),
  check_suite: () => exampleOf('check_suite', 'rerequested'),
}
const exampleOf = (name: string, action: string) => {
  const found = examplesOf<{ action: string }>(name).find(each => each.action === action)
  if (!found) throw new Error(`There is no example of ${name}`)
  return found
}

test.each([
  ['push', 'ref', 1],
  ['push', 'after', null],
  ['push', 'deleted', 'false'],
  ['push', 'repository.full_name', '../../etc'],
  ['push', 'repository.full_name', 'ada/..'],
  ['push', 'repository.full_name', 'only-an-owner'],
  ['push', 'repository.full_name', 'a/b/c'],
  ['push', 'repository.private', 0],
  ['push', 'head_commit.message', 42],
  ['push', 'head_commit.author', 'me'],
  ['push', 'commits.0.id', {}],
  ['pull_request', 'number', '7'],
  ['pull_request', 'number', 0],
  ['pull_request', 'action', undefined],
  ['pull_request', 'pull_request.title', 7],
  ['pull_request', 'pull_request.head.sha', []],
  ['pull_request', 'pull_request.head.repo.id', 'x'],
  ['pull_request', 'pull_request.base', null],
  ['merge_group', 'merge_group.head_ref', 5],
  ['merge_group', 'repository', []],
  ['check_run', 'check_run.head_sha', 'master'],
  ['check_run', 'check_run.app.id', '4711'],
  ['check_run', 'check_run.external_id', 7],
  ['check_run', 'requested_action.identifier', {}],
  ['check_run', 'sender.login', '../user'],
  ['check_suite', 'check_suite.id', 0],
  ['check_suite', 'check_suite.head_sha', null],
] as const)(
  'a %s event with a malformed %s (%j) is refused, and the error names the field',
  (name, path, value) => {
    const keys = path.split('.')
    const last = keys.pop() ?? ''
    const payload: unknown = PAYLOADS[name]()
    const inner = keys.reduce((at, key) => (at as Record<string, unknown>)[key], payload)
    Object.assign(inner as object, { [last]: value })
    expect(parseEvent(name, payload)).toEqual({
      error: expect.stringContaining(`The payload of this ${name} event is malformed at "${path}": `),
    })
  },
)

test.each([[null], [[]], ['text'], [7]])('%j is refused as a payload', payload => {
  expect(parseEvent('push', payload)).toEqual({
    error: expect.stringMatching(/^The payload of this push event/),
  })
})

test('a payload cannot pollute a prototype', () => {
  const payload = JSON.parse(JSON.stringify(pushPayload()).replace('{', '{"__proto__": {"polluted": true},'))
  expect(parseEvent('push', payload)).toHaveProperty('payload')
  expect({}).not.toHaveProperty('polluted')
})

/** An event of GitHub's with a field that people fill with any JSON: here with the whole payload of another event. */
const WITH_FREE_JSON = (inner: object): [string, object][] => [
  [
    'repository_dispatch',
    { ...examplesOf('repository_dispatch')[0], action: 'opened', client_payload: inner },
  ],
  ['workflow_dispatch', { ...examplesOf('workflow_dispatch')[0], inputs: inner }],
  ['deployment', { ...examplesOf('deployment')[0], deployment: { payload: inner } }],
]
const MADE_UP: [string, object][] = [
  ['push', pushPayload()],
  ['pull_request', pullRequestPayload()],
  ['pull_request', pullRequestPayload({ action: 'synchronize', head: 'fork' })],
  ['merge_group', mergeGroupPayload()],
  ...Object.values(PAYLOADS).flatMap(payload => WITH_FREE_JSON(payload())),
]

test('no payload of any event of GitHub can be read as another event', () => {
  const all = [...ALL_EXAMPLES, ...MADE_UP]
  expect(all.length).toBeGreaterThan(300)
  const read = all.flatMap(([name, payload]) =>
    NAMES.filter(as => !('error' in parseEvent(as, payload))).map(as => `${name} as ${as}`),
  )
  expect([...new Set(read)].toSorted()).toEqual(NAMES.map(name => `${name} as ${name}`).toSorted())
})

test.each([
  ['push', 'action', 'opened'],
  ['push', 'number', null],
  ['push', 'merge_group', {}],
  ['pull_request', 'ref', 'refs/heads/master'],
  ['pull_request', 'review', {}],
  ['pull_request', 'comment', {}],
  ['merge_group', 'pull_request', null],
  ['push', 'check_run', {}],
  ['check_run', 'check_suite', {}],
  ['check_run', 'deployment_status', {}],
  ['check_suite', 'check_run', null],
] as const)('a %s with a field of another event (%s) is none', (name, field, value) => {
  expect(parseEvent(name, { ...PAYLOADS[name](), [field]: value })).toEqual({
    error: `The payload of this ${name} event is malformed at "${field}": a field of another event.`,
  })
})
