import { handle } from 'hono/aws-lambda'
import { createHttpApp } from '../../src/functions/http-app.ts'
import {
  appSecret,
  organizationSecret,
  repositorySecret,
  requestSecret,
} from '../../src/github/hook-secrets.ts'
import { buildSchema } from '../../src/model/build.ts'
import { buildKeys, jobKeys, settingsKeys } from '../../src/records/keys.ts'
import type { Store } from '../../src/records/store.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { requestBody, signatureOf } from '../support/payloads.ts'
import { endedRun, grantIssuerOf, makeBuild, RUNNER_SECRETS, unknownToGit } from '../support/records.ts'
import { type Event, type EventHeaders, urlEventOf } from './url-event.ts'

/** The secrets from which those of webhooks are derived: the newest, and the one before it. */
export const ROOTS = ['the-newest-root', 'the-root-before-it'] as const
/** Two repositories of one owner, and one of somebody who knows its secret and its owner's. */
export const SITE = { id: 11, full_name: 'acme/site' }
const TOOLS = { id: 12, full_name: 'acme/tools' }
export const EVIL = { id: 66, full_name: 'mallory/evil' }
/** Exists on GitHub, and nothing of it was built yet. */
export const UNBUILT = { id: 13, full_name: 'acme/unbuilt' }
const ON_GITHUB = [SITE, TOOLS, EVIL, UNBUILT]
/** A repository whose build #1 has ended, so that it can be rebuilt. */
const ENDED = 'gh/acme/ended'
const OF_ENDED = { id: 14, full_name: 'acme/ended' }
const APP = 4711

/** Something that was really signed: by GitHub, or by the command line. */
export type Genuine = {
  event: string
  body: string
  signature: string
  /** The build that it may start. Null: none, and nothing but the end of a branch or pull request is recorded. */
  build: { repositoryId: number | null; event: string; commit: string } | null
}

export type Answer = { status: number; text: string }

/** The http function behind its URL, with a bucket in memory, and all that was ever signed for it. */
export async function openDeliveryWorld() {
  const memory = openMemoryStore()
  let writes = 0
  const counted = <A extends unknown[], R>(work: (...args: A) => R) => {
    return (...args: A): R => {
      writes += 1
      return work(...args)
    }
  }
  const store: Store = {
    ...memory,
    put: counted(memory.put),
    putIf: counted(memory.putIf),
    putOnce: counted(memory.putOnce),
    copy: counted(memory.copy),
    remove: counted(memory.remove),
  }
  await store.put(settingsKeys('')[0], '{"allow": ["*"]}', 'application/json')
  const ended = makeBuild({ project: ENDED, number: 1, repositoryId: OF_ENDED.id })
  await store.put(buildKeys(ended).build, JSON.stringify(ended), 'application/json')
  await store.put(jobKeys(ended).record('end'), JSON.stringify(endedRun()), 'application/json')
  const app = createHttpApp({
    store,
    secrets: async () => ({
      ...{ ...RUNNER_SECRETS, webhookSecrets: [...ROOTS], acceptsSharedSecret: false },
      githubApp: { id: APP, privateKey: 'x' },
    }),
    queries: {
      mayWrite: async ({ id }, login) => id === OF_ENDED.id && login === 'grace',
      idsInSuite: async () => [`${ENDED}#1`],
    },
    invokeReport: async () => {},
    publish: async () => {},
    deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
    grantIssuer: grantIssuerOf(null),
    compare: unknownToGit,
    countCommits: async () => null,
    githubUrl: 'https://github.com',
    findOnGitHub: async name => {
      const found = ON_GITHUB.find(({ full_name }) => full_name === name)
      return found ? { id: found.id, name: found.full_name, isPrivate: false } : null
    },
    now: () => new Date(),
  })
  const handler = handle(app)
  return {
    genuine: genuineDeliveries(),
    /** Sends a request, and returns the answer with the number of writes that it caused. */
    send: async (headers: EventHeaders, body: Uint8Array, isBase64: boolean) => {
      const before = writes
      const event: Event = urlEventOf(headers, body, isBase64)
      const { statusCode, body: text } = (await handler(event as never)) as {
        statusCode: number
        body: string
      }
      return { answer: { status: statusCode, text }, writes: writes - before }
    },
    /** What was admitted: the fields of a build that what was signed decides. */
    buildOf: async (answer: Answer) => {
      const { project, number } = JSON.parse(answer.text)
      const stored = await memory.get(buildKeys({ project, number }).build)
      const { repository, repositoryId, event, commit, baseUrl } = buildSchema.parse(
        JSON.parse(Buffer.from(stored?.body ?? '').toString()),
      )
      return { project, repository, repositoryId, event, commit, baseUrl }
    },
  }
}

type Repository = typeof SITE
type Kind = [event: string, payload: object, commit: string | null]

const form = (payload: object) => new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
const commitOf = (letter: string) => letter.repeat(40)

/** A push that an attacker would like to be admitted. */
export const WANTED = {
  ref: 'refs/heads/master',
  before: commitOf('b'),
  after: commitOf('f'),
  repository: { ...SITE, private: false, default_branch: 'master' },
}

/** Events of a repository, with fields that anybody may have written: here a payload that they would like to be read. */
function eventsOf(identity: Repository): Kind[] {
  const repository = { ...WANTED.repository, ...identity }
  const inner = JSON.stringify(WANTED)
  const tempting = [inner, `tools&${form(WANTED)}&x`, form(WANTED)]
  const push = { ...WANTED, repository, sender: { login: 'mallory' } }
  const pull = {
    action: 'opened',
    number: 7,
    pull_request: {
      title: tempting[1],
      head: {
        ref: form(WANTED).slice(0, 200),
        sha: commitOf('d'),
        repo: { id: 99, full_name: 'mallory/site' },
      },
      base: { ref: 'master', sha: commitOf('b') },
    },
    repository,
  }
  const group = { head_sha: commitOf('e'), head_ref: 'refs/heads/q', base_ref: 'refs/heads/master' }
  return [
    ...tempting.map((message, index): Kind => {
      const after = commitOf('abc'.charAt(index))
      return ['push', { ...push, after, head_commit: { id: after, message } }, after]
    }),
    [
      'push',
      { ...push, ref: `refs/heads/&payload=%7B%22ref%22%3A1%7D&`, after: commitOf('9') },
      commitOf('9'),
    ],
    ['push', { ...push, deleted: true, after: commitOf('0') }, null],
    ['pull_request', pull, commitOf('d')],
    ['pull_request', { ...pull, action: 'closed' }, null],
    ['pull_request_review', { ...pull, review: { body: inner } }, null],
    ['merge_group', { action: 'checks_requested', merge_group: group, repository }, commitOf('e')],
    ['ping', { zen: inner, hook_id: 1, repository }, null],
    ['repository_dispatch', { action: 'opened', branch: 'master', client_payload: WANTED, repository }, null],
    ['workflow_dispatch', { ref: 'refs/heads/master', inputs: WANTED, workflow: 'x', repository }, null],
    ['deployment', { action: 'created', deployment: { payload: pull }, repository }, null],
    ['issues', { action: 'opened', issue: { number: 7, body: tempting[1] }, repository }, null],
  ]
}

function genuineDeliveries(): Genuine[] {
  const signers: [Repository, string][] = [
    ...[SITE, TOOLS, EVIL].flatMap(repository =>
      ROOTS.map((root): [Repository, string] => [repository, repositorySecret(root, repository.id)]),
    ),
    [TOOLS, organizationSecret(ROOTS[0], 'acme')],
    [TOOLS, appSecret(ROOTS[0])],
  ]
  const events = signers.flatMap(([repository, secret]) =>
    eventsOf(repository).flatMap(([event, payload, commit]) => {
      const build = commit === null ? null : { repositoryId: repository.id, event, commit }
      return [JSON.stringify(payload), form(payload)].map(
        (body): Genuine => ({ event, body, signature: signatureOf(body, secret), build }),
      )
    }),
  )
  const requests = [1, 2, 3].map((): Genuine => {
    const body = requestBody('lambci_rebuild', { project: ENDED, number: 1 })
    const build = { repositoryId: OF_ENDED.id, event: 'push', commit: makeBuild().commit }
    return { event: 'lambci_rebuild', body, signature: signatureOf(body, requestSecret(ROOTS[0])), build }
  })
  return [...events, ...requests, ...presses()]
}

/** Buttons of a check run that were pressed: by somebody who may write, who may not, and with a secret that people know. */
function presses(): Genuine[] {
  const { commit } = makeBuild()
  const press = {
    action: 'requested_action',
    check_run: { head_sha: commit, external_id: `${ENDED}#1`, app: { id: APP } },
    requested_action: { identifier: 'rerun-all' },
    repository: { ...WANTED.repository, ...OF_ENDED },
    sender: { login: 'grace' },
  }
  const suite = { ...{ id: 5, head_sha: commit }, app: { id: APP } }
  const all = { ...press, action: 'rerequested', check_run: undefined, check_suite: suite }
  const build = { repositoryId: OF_ENDED.id, event: 'push', commit }
  const app = appSecret(ROOTS[0])
  const made: [event: string, payload: object, secret: string, build: Genuine['build']][] = [
    ['check_run', press, app, build],
    ['check_suite', { ...all, requested_action: undefined }, app, build],
    ['check_run', { ...press, action: 'completed' }, app, null],
    ['check_run', { ...press, sender: { login: 'mallory' } }, app, null],
    ['check_run', { ...press, check_run: { ...press.check_run, app: { id: 666 } } }, app, null],
    ['check_run', press, repositorySecret(ROOTS[0], OF_ENDED.id), null],
    ['check_suite', { ...all, requested_action: undefined }, organizationSecret(ROOTS[0], 'acme'), null],
  ]
  return made.map(([event, payload, secret, wanted]) => {
    const body = JSON.stringify(payload)
    return { event, body, signature: signatureOf(body, secret), build: wanted }
  })
}
