import { createHmac, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import type {
  Commit,
  MergeGroupChecksRequestedEvent,
  PullRequestEvent,
  PushEvent,
} from '@octokit/webhooks-types'

/** GitHub's own examples of an event, as fresh copies. */
export const examplesOf = <T = Record<string, unknown>>(name: string): T[] =>
  structuredClone(keptExamplesOf(name)) as T[]

/** The same, not copied: they must not be changed. */
function keptExamplesOf<T>(name: string): readonly T[] {
  const found = EXAMPLES.find(each => each.name === name)
  if (!found) throw new Error(`There are no examples of ${name}`)
  return found.examples as T[]
}

const EXAMPLES = createRequire(import.meta.url)('@octokit/webhooks-examples') as {
  name: string
  examples: unknown[]
}[]

/** All of GitHub's own examples, each with the name of its event. */
export const ALL_EXAMPLES: readonly [name: string, payload: object][] = EXAMPLES.flatMap(
  ({ name, examples }) => examples.map((payload): [string, object] => [name, payload as object]),
)

export const REPOSITORY = 'Codertocat/Hello-World'
export const NOWHERE = '0'.repeat(40)
export const BEFORE = 'b'.repeat(40)
export const AFTER = 'a'.repeat(40)

/** An ordinary push of one commit to `master`. */
export function pushPayload(change: Partial<PushEvent> = {}): PushEvent {
  const example = keptExamplesOf<PushEvent>('push').find(
    ({ ref, created }) => created && ref.includes('heads'),
  )
  if (!example) throw new Error('There is no example of a push')
  const created = structuredClone(example)
  const commits = { commits: [commitOf(created)], head_commit: commitOf(created) }
  const ordinary = { before: BEFORE, after: AFTER, created: false, ...commits }
  return { ...created, ...ordinary, ...change }
}

/** A push of one commit with these fields. */
export function pushOf(commit: Partial<Commit>, change: Partial<PushEvent> = {}): PushEvent {
  const payload = pushPayload(change)
  const changed = { ...commitOf(payload), ...commit }
  return { ...payload, commits: [changed], head_commit: changed }
}

const commitOf = ({ head_commit }: PushEvent): Commit => ({
  ...structuredClone(head_commit as Commit),
  id: AFTER,
})

type Pull = {
  action?: string
  title?: string
  /** The login of the author, and of the sender of this event. */
  user?: string
  sender?: string
  headRef?: string
  baseRef?: string
  /** The repository of the head: the base repository, a fork, or a deleted fork. */
  head?: 'own' | 'fork' | 'deleted'
  isPrivate?: boolean
  state?: 'open' | 'closed'
}

export const FORK = 'stranger/Hello-World'

/** A pull request, by default from a branch of the repository itself. */
export function pullRequestPayload(pull: Pull = {}): PullRequestEvent {
  const { action = 'opened', head = 'own', isPrivate = false } = pull
  const examples = keptExamplesOf<PullRequestEvent>('pull_request')
  // The last examples are the newest. Only they match GitHub's schema.
  const example = examples.findLast(each => each.action === action) ?? examples.at(-1)
  if (!example) throw new Error('There is no example of a pull request')
  const payload = structuredClone(example)
  const own = { ...payload.pull_request.base.repo, private: isPrivate }
  const owner = { ...own.owner, login: 'stranger' }
  const repos = { own, fork: { ...own, id: own.id + 1, full_name: FORK, fork: true, owner }, deleted: null }
  const { user, state = 'open', title = 'A pull request' } = pull
  return {
    ...payload,
    action,
    number: 7,
    pull_request: {
      ...payload.pull_request,
      number: 7,
      title,
      state,
      user: { ...payload.pull_request.user, login: user ?? 'Codertocat' },
      head: { ...payload.pull_request.head, ref: pull.headRef ?? 'topic', sha: AFTER, repo: repos[head] },
      base: { ...payload.pull_request.base, ref: pull.baseRef ?? 'master', sha: BEFORE, repo: own },
    },
    repository: { ...payload.repository, private: isPrivate },
    sender: { ...payload.sender, login: pull.sender ?? user ?? 'Codertocat' },
  } as PullRequestEvent
}

export function mergeGroupPayload(action = 'checks_requested'): MergeGroupChecksRequestedEvent {
  const example = examplesOf<MergeGroupChecksRequestedEvent>('merge_group').at(-1)
  if (!example) throw new Error('There is no example of a merge group')
  // The example is older than these two fields, which GitHub's schema requires.
  const added = { is_template: false, web_commit_signoff_required: false }
  return {
    ...example,
    action,
    repository: Object.assign(added, example.repository),
  } as MergeGroupChecksRequestedEvent
}

export const signatureOf = (body: string, secret: string) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

/** The body of a request of the command line, with what makes it one. */
export const requestBody = (event: string, payload: object, at = new Date()) =>
  JSON.stringify({ ...payload, event, id: randomUUID(), at: at.toISOString() })

/** The headers that GitHub sends with a payload. */
export const headersOf = (event: string, body: string, secret: string, id: string = randomUUID()) => ({
  'Content-Type': 'application/json',
  'X-GitHub-Event': event,
  'X-GitHub-Delivery': id,
  'X-Hub-Signature-256': signatureOf(body, secret),
})

/** Texts that must never be interpreted. */
export const HOSTILE = [
  '$(touch pwned)',
  '`id`',
  'x;id',
  '../../etc/passwd',
  '.',
  '..',
  '--upload-pack=x',
  'quote\'"quote',
  '<script>alert(1)</script>&amp;',
  'constructor',
  '__proto__',
  'grüße-🎉',
  'a%2Fb',
  'n'.repeat(230),
]
