import { isStranger } from '../model/approval.ts'
import { type BuildRequest, branchSchema, buildRequestSchema, type Person } from '../model/build.ts'
import { projectNamed } from '../model/names.ts'
import type { MergeGroupEvent, PullRequestEvent, PushEvent, SourceEvent } from './event.ts'
import { findSkipWord } from './skip-words.ts'

/**
 * The build that an event requests, why it does not request any (`ignored`), or why it is invalid. A request with `ignored` contains a skip
 * word and counts only if the account does not use skip words.
 */
export type RequestResult =
  | { request: BuildRequest; ignored?: string }
  | { ignored: string; gone?: Gone }
  | { error: string }

/** A branch that was deleted, or a pull request that was closed. */
export type Gone = Pick<BuildRequest, 'repository' | 'repositoryId' | 'trigger'>

const ACTIONS = ['opened', 'reopened', 'synchronize', 'edited']
const DEPENDABOT = 'dependabot[bot]'
const HEADS = 'refs/heads/'
/** GitHub pushes each group of a merge queue to a separate branch. */
const QUEUE = 'gh-readonly-queue/'
const NO_COMMIT = /^0+$/
const MAX_MESSAGE_LENGTH = 2000
const MAX_COMMITTERS = 20

/** The build that an event requests, if any. */
export function requestFromEvent(event: SourceEvent): RequestResult {
  const result = readers[event.name](event.payload as never)
  if (!('request' in result)) return result
  const parsed = buildRequestSchema.safeParse(result.request)
  if (parsed.success) return { ...result, request: parsed.data }
  const issue = parsed.error.issues[0]
  return notValid(event.name, issue?.path.join('.'), issue?.message)
}

const notValid = (name: SourceEvent['name'], field: string | undefined, reason: string | undefined) => ({
  error: `This ${name} event cannot be built: ${field} is not valid (${reason}).`,
})

const readers = {
  push: requestFromPush,
  pull_request: requestFromPullRequest,
  merge_group: requestFromMergeGroup,
}

function requestFromPush(push: PushEvent): RequestResult {
  if (!push.ref.startsWith(HEADS))
    return { ignored: `${push.ref} is not a branch: only pushes to branches are built.` }
  const branch = push.ref.slice(HEADS.length)
  if (push.deleted || NO_COMMIT.test(push.after)) {
    const { error } = branchSchema.safeParse(branch)
    if (error) return notValid('push', 'branch', error.issues[0]?.message)
    return {
      ignored: `The branch ${branch} was deleted: there is nothing to build.`,
      gone: { ...identityOf(push.repository), trigger: `push/${branch}` },
    }
  }
  if (branch.startsWith(QUEUE)) {
    return {
      ignored: `${branch} belongs to a merge queue: its merge_group event is built, not this push. The webhook must send merge_group events.`,
    }
  }
  // Without a head commit, only its message and author are missing: `after` names the commit to build.
  const message = push.head_commit?.message ?? ''
  const word = findSkipWord(message)
  const author = push.head_commit?.author
  const pusher = push.pusher?.name
  return {
    ...(word && { ignored: `The commit message contains "${word}": this push is not built.` }),
    request: {
      ...fromRepository(push.repository),
      event: 'push',
      trigger: `push/${branch}`,
      branch,
      checkoutBranch: branch,
      commit: push.after,
      baseCommit: !push.before || NO_COMMIT.test(push.before) ? null : push.before,
      cloneRepository: push.repository.full_name,
      pullRequest: null,
      isFork: false,
      isStranger: false,
      isDependabot: [push.sender?.login, pusher].includes(DEPENDABOT),
      message: shorten(message, MAX_MESSAGE_LENGTH),
      author: person(author?.name || pusher, author?.username),
      committers: committersOf(push),
    },
  }
}

function requestFromPullRequest({
  action,
  number,
  pull_request,
  repository,
  sender,
  changes,
}: PullRequestEvent): RequestResult {
  const gone = action === 'closed' && {
    gone: { ...identityOf(repository), trigger: `pr/${number}` },
  }
  if (!ACTIONS.includes(action)) {
    const ignored = `Pull request #${number} was ${action}: only ${ACTIONS.join(', ')} start a build.`
    return { ignored, ...gone }
  }
  // Its title and text do not matter. A result for another base branch does not count for this one.
  if (action === 'edited' && !changes?.base)
    return { ignored: `Pull request #${number} was edited, and its base branch is the same.` }
  if (pull_request.state === 'closed') return { ignored: `Pull request #${number} is closed.` }
  const { head, base, user, author_association } = pull_request
  const author = user?.login || 'ghost'
  // The repository of a deleted fork is null, so it also counts as a fork.
  const isFork = head.repo?.id !== repository.id
  return {
    request: {
      ...fromRepository(repository),
      event: 'pull_request',
      trigger: `pr/${number}`,
      branch: branchName(base.ref),
      checkoutBranch: branchName(head.ref),
      commit: head.sha,
      baseCommit: base.sha,
      // The repository itself has only one name in its payload, whatever the head says.
      cloneRepository: isFork ? (head.repo?.full_name ?? null) : repository.full_name,
      pullRequest: number,
      isFork,
      // The author counts, not the sender of the event: a person who reopens it, or changes its base, does not vouch for it.
      isStranger: isFork && isStranger(author_association),
      isDependabot: author === DEPENDABOT || sender?.login === DEPENDABOT,
      message: shorten(pull_request.title ?? '', MAX_MESSAGE_LENGTH),
      author: person(author, author),
      committers: [],
    },
  }
}

function requestFromMergeGroup({ action, merge_group, repository, sender }: MergeGroupEvent): RequestResult {
  if (action !== 'checks_requested')
    return { ignored: `The merge group was ${action}: only checks_requested starts a build.` }
  const checkoutBranch = branchName(merge_group.head_ref)
  const author = merge_group.head_commit?.author
  const login = sender?.login || 'ghost'
  return {
    request: {
      ...fromRepository(repository),
      event: 'merge_group',
      trigger: `push/${checkoutBranch}`,
      branch: branchName(merge_group.base_ref),
      checkoutBranch,
      commit: merge_group.head_sha,
      baseCommit: merge_group.base_sha ?? null,
      cloneRepository: repository.full_name,
      pullRequest: null,
      isFork: false,
      isStranger: false,
      isDependabot: false,
      message: shorten(
        merge_group.head_commit?.message || `Merge queue of ${branchName(merge_group.base_ref)}`,
        MAX_MESSAGE_LENGTH,
      ),
      author: person(author?.name || login, author?.username ?? login),
      committers: [],
    },
  }
}

const identityOf = ({ id, full_name }: PushEvent['repository']) => ({
  repository: full_name,
  repositoryId: id,
})

const fromRepository = (repository: PushEvent['repository']) => ({
  ...identityOf(repository),
  project: projectNamed(repository.full_name),
  isPrivate: repository.private,
  defaultBranch: repository.default_branch,
  target: null,
})

const branchName = (ref: string) => (ref.startsWith(HEADS) ? ref.slice(HEADS.length) : ref)

/** Cuts a text to `length` characters, never within a surrogate pair, because SNS limits the size of a message. */
const shorten = (text: string, length: number) =>
  text.length <= length ? text : `${text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')}…`

type Text = string | null | undefined

const person = (name: Text, login: Text): Person => ({
  name: shorten(name || login || 'unknown', 100),
  login: login ? shorten(login, 80) : null,
})

/** The authors and committers of a push, without duplicates. */
function committersOf({ commits, head_commit }: PushEvent): Person[] {
  const signers = [...(commits ?? []), head_commit].flatMap(commit => [commit?.author, commit?.committer])
  const people = signers.flatMap(signer =>
    signer?.name || signer?.username ? [person(signer.name, signer.username)] : [],
  )
  const byKey = new Map(people.map(each => [each.login ?? each.name, each]))
  return [...byKey.values()].slice(0, MAX_COMMITTERS)
}
