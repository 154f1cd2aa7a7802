import { type Account, type Addresses, accountPayload, DEFAULT_LOGIN, nodeId } from './account-payload.ts'
import type { PullRow } from './hub.ts'
import type { Repository } from './repositories.ts'
import { apiUrlOf, htmlUrlOf, ownerOf, repositoryPayload } from './repository-payload.ts'

export type PullSize = { commits: number; additions: number; deletions: number; changed_files: number }
/** `head` is null if the fork has been deleted. */
export type PullDetails = { pull: PullRow; base: Repository; head: Repository | null; size: PullSize }

/** A pull request in GitHub's format. https://docs.github.com/rest/pulls/pulls#get-a-pull-request */
export function pullPayload(addresses: Addresses, { pull, base, head, size }: PullDetails) {
  const { number, state, title, body, draft } = pull
  const headOwner: Account = head ? ownerOf(head) : { login: pull.head.owner, type: 'User' }
  const describe = (
    owner: Account,
    { ref, sha }: { ref: string; sha: string },
    repository: Repository | null,
  ) => ({
    label: `${owner.login}:${ref}`,
    ref,
    sha,
    user: accountPayload(addresses, owner),
    repo: repository && repositoryPayload(addresses, repository),
  })
  const links = linksOf(addresses, base, pull)
  return {
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    url: links.self,
    html_url: links.html,
    diff_url: `${links.html}.diff`,
    patch_url: `${links.html}.patch`,
    issue_url: links.issue,
    commits_url: links.commits,
    comments_url: links.comments,
    statuses_url: links.statuses,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
    number,
    state,
    title,
    body,
    draft,
    ...size,
    user: accountPayload(addresses, { login: pull.login, type: 'User' }),
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    head: describe(headOwner, pull.head, head),
    base: describe(ownerOf(base), pull.base, base),
    author_association: associationOf(pull, base),
    // This server supports neither merges nor reviews.
    merged: false,
    merged_at: null,
    merged_by: null,
    ...mergeabilityOf(pull),
    rebaseable: null,
    mergeable_state: 'unknown',
    auto_merge: null,
    locked: false,
    active_lock_reason: null,
    milestone: null,
    labels: [],
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    comments: 0,
    review_comments: 0,
    maintainer_can_modify: false,
  }
}

/** The server's token may push to every repository. Nobody else has contributed to any. */
function associationOf({ login }: PullRow, { owner }: Repository) {
  if (login.toLowerCase() === owner.toLowerCase()) return 'OWNER'
  return login === DEFAULT_LOGIN ? 'COLLABORATOR' : 'NONE'
}

/** Null if it is not computed yet. https://docs.github.com/rest/pulls/pulls#get-a-pull-request */
function mergeabilityOf({ merge = null, head, base }: PullRow) {
  const isCurrent = merge?.head === head.sha && merge.base === base.sha
  return { merge_commit_sha: merge?.sha ?? null, mergeable: isCurrent ? merge.sha !== null : null }
}

function linksOf(addresses: Addresses, base: Repository, { number, head }: PullRow) {
  const api = apiUrlOf(addresses, base)
  const self = `${api}/pulls/${number}`
  return {
    self,
    html: `${htmlUrlOf(addresses, base)}/pull/${number}`,
    issue: `${api}/issues/${number}`,
    comments: `${api}/issues/${number}/comments`,
    review_comments: `${self}/comments`,
    review_comment: `${api}/pulls/comments{/number}`,
    commits: `${self}/commits`,
    statuses: `${api}/statuses/${head.sha}`,
  }
}

export type PullEvent = {
  action: string
  sender: Account
  before?: string
  after?: string
  /** The changes by `edited`. */
  changes?: object
}

/** The body of a `pull_request` event. */
export function pullRequestPayload(
  addresses: Addresses,
  parts: PullDetails,
  { action, sender, ...rest }: PullEvent,
) {
  return {
    action,
    number: parts.pull.number,
    ...rest,
    pull_request: pullPayload(addresses, parts),
    repository: repositoryPayload(addresses, parts.base),
    sender: accountPayload(addresses, sender),
  }
}
