import { expect, test } from 'vitest'
import { isCheckEvent, parseEvent } from '../../../src/github/event.ts'
import { requestFromEvent } from '../../../src/github/request-from-event.ts'
import { examplesOf, mergeGroupPayload, pullRequestPayload, pushPayload } from '../../support/payloads.ts'

type Name = 'push' | 'pull_request' | 'merge_group'

/** What a build cannot do without. Every other field of a payload may be null or missing. */
const NEEDED: Record<Name, readonly string[]> = {
  push: ['ref', 'after', 'repository.id', 'repository.full_name', 'repository.private'],
  pull_request: [
    ...['action', 'number', 'repository.id', 'repository.full_name', 'repository.private'],
    ...['pull_request.head.ref', 'pull_request.head.sha', 'pull_request.base.ref', 'pull_request.base.sha'],
  ],
  merge_group: [
    ...['action', 'merge_group.head_sha', 'merge_group.head_ref', 'merge_group.base_ref'],
    ...['repository.id', 'repository.full_name', 'repository.private'],
  ],
}

const PAYLOADS: [Name, string, object][] = [
  ['push', 'made up', pushPayload()],
  ['push', 'by Dependabot', byDependabot(pushPayload())],
  ['pull_request', 'of the repository itself', pullRequestPayload()],
  ['pull_request', 'of a fork', pullRequestPayload({ head: 'fork' })],
  ['pull_request', 'of a deleted fork', pullRequestPayload({ head: 'deleted' })],
  ['pull_request', 'by Dependabot', pullRequestPayload({ user: 'dependabot[bot]' })],
  ['merge_group', 'made up', mergeGroupPayload()],
  ...(['push', 'pull_request', 'merge_group'] as const).flatMap(name =>
    examplesOf<object>(name).map((payload, index): [Name, string, object] => [
      name,
      `example ${index}`,
      payload,
    ]),
  ),
]

function byDependabot<T extends { sender: object; pusher: object }>(payload: T): T {
  const [login, name] = ['dependabot[bot]', 'dependabot[bot]']
  return { ...payload, sender: { ...payload.sender, login }, pusher: { ...payload.pusher, name } }
}

function resultOf(name: Name, payload: object) {
  const event = parseEvent(name, payload)
  if ('error' in event || event.name === 'ping' || isCheckEvent(event)) return event
  return requestFromEvent(event)
}

/** The paths of all fields, objects included; lists by their first element. */
function pathsOf(value: unknown, prefix: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return []
  const entries = Array.isArray(value) ? Object.entries(value).slice(0, 1) : Object.entries(value)
  return entries.flatMap(([key, inner]) => [[...prefix, key], ...pathsOf(inner, [...prefix, key])])
}

const WAYS = {
  null: (at: Record<string, unknown>, key: string) => Object.assign(at, { [key]: null }),
  missing: (at: Record<string, unknown>, key: string) => Reflect.deleteProperty(at, key),
}

/** A copy, of the objects on the path alone, without the field at the path. */
function without(payload: object, path: readonly string[], way: keyof typeof WAYS): object {
  const copy = Array.isArray(payload) ? [...payload] : { ...payload }
  let at = copy as Record<string, unknown>
  for (const key of path.slice(0, -1)) {
    const inner = at[key] as object
    at[key] = Array.isArray(inner) ? [...inner] : { ...inner }
    at = at[key] as Record<string, unknown>
  }
  WAYS[way](at, path.at(-1) ?? '')
  return copy
}

const isNeeded = (name: Name, path: readonly string[]) =>
  NEEDED[name].some(needed => `${needed}.`.startsWith(`${path.join('.')}.`))

test.each(PAYLOADS)('a %s %s still builds without any field that it does not need', (name, _, payload) => {
  const whole = resultOf(name, payload)
  if (!('request' in whole)) return
  const { project, trigger, commit, branch, checkoutBranch, isPrivate, pullRequest } = whole.request
  const needed = { project, trigger, commit, branch, checkoutBranch, isPrivate, pullRequest }
  // Thousands of results: one assertion for all of them saves much of the time.
  const wrong: string[] = []
  for (const path of pathsOf(payload))
    for (const way of ['null', 'missing'] as const) {
      const result = resultOf(name, without(payload, path, way))
      const note = (what: string) =>
        wrong.push(`${path.join('.')} ${way}: ${what}: ${JSON.stringify(result)}`)
      if (isNeeded(name, path)) {
        if (!('error' in result)) note('no error')
        continue
      }
      const { request } = 'request' in result ? result : {}
      for (const [key, value] of Object.entries(needed))
        if (request?.[key as keyof typeof needed] !== value) note(key)
      // What is unknown never gains the trust of what is known.
      if (request && whole.request.isFork && !request.isFork) note('a fork')
      if (request && request.isDependabot !== whole.request.isDependabot) note('Dependabot')
    }
  expect(wrong).toEqual([])
})

test('a deletion stays one without any other field', () => {
  const payload = { ...pushPayload(), deleted: true, after: '0'.repeat(40), head_commit: null, commits: [] }
  for (const path of pathsOf(payload).filter(path => !isNeeded('push', path)))
    for (const way of ['null', 'missing'] as const)
      expect.soft(resultOf('push', without(payload, path, way)), path.join('.')).toHaveProperty('ignored')
})

test('a push that names nobody and no commit builds what it names', () => {
  const { ref, after, repository } = pushPayload()
  const { id, full_name } = repository
  expect(resultOf('push', { ref, after, repository: { id, full_name, private: true } })).toEqual({
    request: {
      project: `gh/${full_name.toLowerCase()}`,
      repository: full_name,
      repositoryId: id,
      event: 'push',
      trigger: 'push/master',
      branch: 'master',
      defaultBranch: 'master',
      checkoutBranch: 'master',
      commit: after,
      baseCommit: null,
      cloneRepository: full_name,
      pullRequest: null,
      isFork: false,
      isStranger: false,
      isPrivate: true,
      isDependabot: false,
      target: null,
      message: '',
      author: { name: 'unknown', login: null },
      committers: [],
    },
  })
})
