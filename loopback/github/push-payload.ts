import { type Account, type Addresses, accountPayload, emailOf, loginOfEmail } from './account-payload.ts'
import { type Commit, listCommitIds, readCommit, readCommits, type Signature } from './commits.ts'
import type { Git } from './git.ts'
import { branchOf, NO_COMMIT, type RefChange, type Refs } from './ref-changes.ts'
import type { Repository } from './repositories.ts'
import { htmlUrlOf, ownerOf, repositoryPayload } from './repository-payload.ts'

/** GitHub's maximum number of commits in one push event. https://docs.github.com/webhooks (push) */
const MAX_COMMITS = 2048

export type Push = RefChange & {
  commits: Commit[]
  /** The ids of the commits that no other branch had before. */
  distinct: ReadonlySet<string>
  head: Commit | null
  forced: boolean
  /** For a new ref: a branch that was already at the same commit. */
  baseRef: string | null
}

/** Reads the commits of a ref change. `known` are the refs before the change. */
export async function readPush(git: Git, repository: string, change: RefChange, known: Refs): Promise<Push> {
  const { ref, before, after } = change
  const created = before === NO_COMMIT
  const others = [...known].filter(([name]) => name !== ref && branchOf(name) !== null)
  const otherTips = [...new Set(others.map(([, sha]) => sha))]
  const baseOf = (head: Commit | null) => (created && others.find(([, sha]) => sha === head?.id)?.[0]) || null
  const push = {
    ...change,
    head: null,
    commits: [],
    distinct: new Set<string>(),
    forced: false,
    baseRef: null,
  }
  if (after === NO_COMMIT) return push
  if (branchOf(ref) === null) {
    const head = await readCommit(git, repository, after)
    return { ...push, head, baseRef: baseOf(head) }
  }
  const exclude = created ? otherTips : [before]
  const commits = await readCommits(git, repository, { include: after, exclude }, MAX_COMMITS)
  const isForward =
    created ||
    commits.some(({ parents }) => parents.includes(before)) ||
    (await git.succeeds(repository, ['merge-base', '--is-ancestor', before, after]))
  const head = commits.at(-1) ?? (await readCommit(git, repository, after))
  const distinct =
    otherTips.every(tip => exclude.includes(tip)) && commits.length < MAX_COMMITS
      ? commits.map(({ id }) => id)
      : await listCommitIds(git, repository, { include: after, exclude: [...exclude, ...otherTips] })
  return { ...push, head, baseRef: baseOf(head), forced: !isForward, commits, distinct: new Set(distinct) }
}

/** The body of a `push` event. https://docs.github.com/webhooks/webhook-events-and-payloads#push */
export function pushPayload(addresses: Addresses, repository: Repository, push: Push, sender: Account) {
  const html = htmlUrlOf(addresses, repository)
  const describe = (commit: Commit) => commitPayload(html, commit, push.distinct.has(commit.id))
  const owner = ownerOf(repository)
  const base = repositoryPayload(addresses, repository)
  return {
    ref: push.ref,
    before: push.before,
    after: push.after,
    repository: {
      ...base,
      // Push events predate GitHub's other payloads and use their own format for these fields.
      url: html,
      created_at: Math.floor(Date.parse(repository.createdAt) / 1000),
      pushed_at: Math.floor(Date.parse(repository.pushedAt) / 1000),
      owner: { ...base.owner, name: owner.login, email: emailOf(owner.login) },
      stargazers: 0,
      master_branch: repository.defaultBranch,
    },
    pusher: { name: sender.login, email: emailOf(sender.login) },
    sender: accountPayload(addresses, sender),
    created: push.before === NO_COMMIT,
    deleted: push.after === NO_COMMIT,
    forced: push.forced,
    base_ref: push.baseRef,
    compare: `${html}/compare/${compareRange(push)}`,
    commits: push.commits.map(describe),
    head_commit: push.head && { ...describe(push.head), distinct: true },
  }
}

function compareRange({ ref, before, after }: RefChange): string {
  const name = ref.replace(/^refs\/(heads|tags)\//, '')
  return before === NO_COMMIT
    ? name.split('/').map(encodeURIComponent).join('/')
    : `${before.slice(0, 12)}...${after.slice(0, 12)}`
}

function commitPayload(html: string, commit: Commit, distinct: boolean) {
  const { id, tree, message, author, committer, added, removed, modified } = commit
  return {
    id,
    tree_id: tree,
    distinct,
    message,
    timestamp: committer.date,
    url: `${html}/commit/${id}`,
    author: personPayload(author),
    committer: personPayload(committer),
    added,
    removed,
    modified,
  }
}

function personPayload({ name, email }: Signature) {
  const username = loginOfEmail(email)
  return { name, email, ...(username && { username }) }
}
