import { type BuildRequest, buildRequestSchema, type Person } from '../model/build.ts'
import { projectNamed } from '../model/names.ts'
import type { Event, MergeGroupEvent, PullRequestEvent, PushEvent } from './event.ts'
import { findSkipWord } from './skip-words.ts'

/**
 * The build that an event requests, why it requests none (`ignored`), or why it is invalid. A request with `ignored`
 * contains a skip word and counts only if the account does not use skip words.
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
const MAX_MESSAGE_LENGTH = 2000
const MAX_COMMITTERS = 20

/** The build that an event requests, if any. */
export function requestFromEvent(event: Exclude<Event, { name: 'ping' }>): RequestResult {
  const result = readers[event.name](event.payload as never)
  if (!('request' in result)) return result
  const parsed = buildRequestSchema.safeParse(result.request)
  if (parsed.success) return { ...result, request: parsed.data }
  const issue = parsed.error.issues[0]
  return {
    error: `This ${event.name} event cannot be built: ${issue?.path.join('.')} is not valid (${issue?.message}).`,
  }
}

const readers = {
  push: requestFromPush,
  pull_request: requestFromPullRequest,
  merge_group: requestFromMergeGroup,
}

function requestFromPush(push: PushEvent): RequestResult {
  if (!push.ref.startsWith(HEADS))
    return { ignored: `${push.ref} is not a branch: only pushes to branches are built.` }
  const branch = push.ref.slice(HEADS.length)
  if (push.deleted || !push.head_commit)
    return {
      ignored: `The branch ${branch} was deleted: there is nothing to build.`,
      gone: { ...identityOf(push.repository), trigger: `push/${branch}` },
    }
  const word = findSkipWord(push.head_commit.message)
  const { author } = push.head_commit
  return {
    ...(word && { ignored: `The commit message contains "${word}": this push is not built.` }),
    request: {
      ...fromRepository(push.repository),
      event: 'push',
      trigger: `push/${branch}`,
      branch,
      checkoutBranch: branch,
      commit: push.after,
      baseCommit: /^0+$/.test(push.before) ? null : push.before,
      cloneRepository: push.repository.full_name,
      pullRequest: null,
      isFork: false,
      isDependabot: push.sender?.login === DEPENDABOT,
      message: shorten(push.head_commit.message, MAX_MESSAGE_LENGTH),
      author: person(author.name || push.pusher.name, author.username),
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
  // Its title and text do not matter. What passed for another base branch does not count for this one.
  if (action === 'edited' && !changes?.base)
    return { ignored: `Pull request #${number} was edited, and its base branch is the same.` }
  if (pull_request.state === 'closed') return { ignored: `Pull request #${number} is closed.` }
  const { head, base, user } = pull_request
  const author = user?.login ?? 'ghost'
  return {
    request: {
      ...fromRepository(repository),
      event: 'pull_request',
      trigger: `pr/${number}`,
      branch: branchName(base.ref),
      checkoutBranch: branchName(head.ref),
      commit: head.sha,
      baseCommit: base.sha,
      cloneRepository: head.repo?.full_name ?? null,
      pullRequest: number,
      // The repository of a deleted fork is null, so it counts as a fork too.
      isFork: head.repo?.id !== repository.id,
      isDependabot: author === DEPENDABOT || sender?.login === DEPENDABOT,
      message: shorten(pull_request.title, MAX_MESSAGE_LENGTH),
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
  const login = sender?.login ?? 'ghost'
  return {
    request: {
      ...fromRepository(repository),
      event: 'merge_group',
      trigger: `push/${checkoutBranch}`,
      branch: branchName(merge_group.base_ref),
      checkoutBranch,
      commit: merge_group.head_sha,
      baseCommit: merge_group.base_sha,
      cloneRepository: repository.full_name,
      pullRequest: null,
      isFork: false,
      isDependabot: false,
      message: shorten(
        merge_group.head_commit?.message ?? `Merge queue of ${branchName(merge_group.base_ref)}`,
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

const person = (name: string, login: string | null | undefined): Person => ({
  name: shorten(name || (login ?? 'unknown'), 100),
  login: login ? shorten(login, 80) : null,
})

/** The authors and committers of a push, each once. */
function committersOf({ commits, head_commit }: PushEvent): Person[] {
  const signers = [...commits, ...(head_commit ? [head_commit] : [])].flatMap(({ author, committer }) => [
    author,
    committer,
  ])
  const people = signers.map(({ name, username }) => person(name, username))
  const byKey = new Map(people.map(each => [each.login ?? each.name, each]))
  return [...byKey.values()].slice(0, MAX_COMMITTERS)
}
