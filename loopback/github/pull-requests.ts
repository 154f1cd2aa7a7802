import type { Account } from './account-payload.ts'
import { listCommitIds, resolveBranch } from './commits.ts'
import type { Sending } from './deliveries.ts'
import type { Hub, Pull, PullRow } from './hub.ts'
import { computeMergeSoon } from './merge-refs.ts'
import {
  type PullDetails,
  type PullEvent,
  type PullSize,
  pullRequestPayload,
} from './pull-request-payload.ts'
import { timestamp } from './records.ts'
import { networkOf, type Repository } from './repositories.ts'

/** A pull request with its repositories and size, or null if its base repository has just been deleted. */
export async function readPull(hub: Hub, pull: PullRow): Promise<PullDetails | null> {
  const base = hub.repositories.get(pull.repository)
  if (!base) return null
  return {
    pull,
    base,
    head: hub.repositories.get(pull.head.repository),
    size: await readSize(hub, base, pull),
  }
}

async function readSize(
  { git, repositories }: Hub,
  base: Repository,
  pull: Pick<Pull, 'base' | 'head'>,
): Promise<PullSize> {
  const directory = repositories.directoryOf(base)
  const range = { include: pull.head.sha, exclude: [pull.base.sha] }
  const diff = await git
    .text(directory, ['diff', '--shortstat', `${pull.base.sha}...${pull.head.sha}`])
    // Fails if the histories have no common commit.
    .catch(() => '')
  const count = (noun: string) => Number(new RegExp(`(\\d+) ${noun}`).exec(diff)?.[1] ?? 0)
  return {
    commits: (await listCommitIds(git, directory, range)).length,
    additions: count('insertion'),
    deletions: count('deletion'),
    changed_files: count('file'),
  }
}

export type PullDraft = Pick<Pull, 'title' | 'body' | 'draft' | 'login'> & { base: string; head: string }

/** Opens a pull request from a branch of the same network. Returns its number, or GitHub's validation error. */
export async function openPull(
  hub: Hub,
  base: Repository,
  head: Repository,
  draft: PullDraft,
): Promise<{ number: number } | { error: string }> {
  const { git, repositories, pulls } = hub
  const directory = repositories.directoryOf(base)
  const baseSha = await resolveBranch(git, directory, draft.base)
  if (!baseSha) return { error: 'base is not a branch of this repository' }
  const headSha = await resolveBranch(git, repositories.directoryOf(head), draft.head)
  if (!headSha) return { error: 'head is not a branch' }
  const isSame = (pull: Pull) =>
    pull.state === 'open' &&
    pull.head.repository === head.id &&
    pull.head.ref === draft.head &&
    pull.base.ref === draft.base
  const label = `${head.owner}:${draft.head}`
  if (pulls.list(base.id).some(isSame)) return { error: `A pull request already exists for ${label}.` }

  const number = 1 + Math.max(0, ...pulls.list(base.id).map(pull => pull.number))
  const refs = {
    base: { ref: draft.base, sha: baseSha },
    head: { repository: head.id, owner: head.owner, ref: draft.head, sha: headSha },
  }
  await fetchCommit(hub, base, head, headSha)
  const size = await readSize(hub, base, refs)
  if (size.commits === 0) return { error: `No commits between ${draft.base} and ${label}` }
  await git.text(directory, ['update-ref', headRef(number), headSha])
  hub.records.transaction(() => {
    const opened = {
      ...draft,
      ...refs,
      number,
      state: 'open',
      closedAt: null,
      updatedAt: timestamp(),
    } as const
    const parts = { pull: pulls.insert(base.id, opened), base, head, size }
    const event = { action: 'opened', sender: { login: draft.login, type: 'User' } } as const
    hub.deliveries.emit(base.id, 'pull_request', pullRequestPayload(hub.addresses, parts, event))
    computeMergeSoon(hub, parts.pull.id)
  })
  return { number }
}

/** Closes or reopens a pull request. Reopening moves it to the current head of its branch. */
export async function setPullState(
  hub: Hub,
  pull: PullRow,
  state: Pull['state'],
  sender: Account,
): Promise<void> {
  if (pull.state === state) return
  const updatedAt = timestamp()
  if (state === 'closed')
    await change(hub, pull, { state, closedAt: updatedAt, updatedAt }, { action: 'closed', sender })
  else {
    const sha = (await tipOf(hub, pull)) ?? pull.head.sha
    await moveHead(hub, pull, sha)
    const head = { ...pull.head, sha }
    await change(hub, pull, { state, closedAt: null, updatedAt, head }, { action: 'reopened', sender })
  }
}

/** Moves a pull request to another base branch. Returns GitHub's validation error, or null. */
export async function retargetPull(
  hub: Hub,
  pull: PullRow,
  ref: string,
  sender: Account,
): Promise<string | null> {
  const repository = hub.repositories.get(pull.repository)
  const sha = repository && (await resolveBranch(hub.git, hub.repositories.directoryOf(repository), ref))
  if (!sha) return 'base is not a branch of this repository'
  if (ref === pull.base.ref) return null
  const changes = { base: { ref: { from: pull.base.ref }, sha: { from: pull.base.sha } } }
  await change(
    hub,
    pull,
    { base: { ref, sha }, updatedAt: timestamp() },
    { action: 'edited', sender, changes },
  )
  return null
}

/** Updates the open pull requests of a network to the current heads of their branches. Returns the events of those that have moved. */
export async function synchronizePulls(
  hub: Hub,
  repository: Repository,
  sender: Account,
): Promise<Sending[]> {
  const sent: Sending[] = []
  for (const pull of hub.pulls.list().reverse()) {
    const base = hub.repositories.get(pull.repository)
    if (pull.state !== 'open' || !base || networkOf(base) !== networkOf(repository)) continue
    // Deleting the head repository leaves the pull request open, unlike deleting the branch.
    if (!hub.repositories.get(pull.head.repository)) continue
    const after = await tipOf(hub, pull)
    const baseSha = await resolveBranch(hub.git, hub.repositories.directoryOf(base), pull.base.ref)
    if (!after || !baseSha) await setPullState(hub, pull, 'closed', sender)
    else if (after !== pull.head.sha) {
      await moveHead(hub, pull, after)
      const moved = { head: { ...pull.head, sha: after }, base: { ...pull.base, sha: baseSha } }
      const event = { action: 'synchronize', sender, before: pull.head.sha, after }
      sent.push(...(await change(hub, pull, { ...moved, updatedAt: timestamp() }, event)))
    }
  }
  return sent
}

/** Stores a change and its event in one transaction, so that neither exists without the other. */
async function change(hub: Hub, pull: PullRow, fields: Partial<Pull>, event: PullEvent): Promise<Sending[]> {
  const parts = await readPull(hub, { ...pull, ...fields })
  if (!parts) return []
  const payload = pullRequestPayload(hub.addresses, parts, event)
  const sent = hub.records.transaction(() => {
    hub.pulls.change(pull.id, fields)
    return hub.deliveries.emit(pull.repository, 'pull_request', payload)
  })
  computeMergeSoon(hub, pull.id)
  return sent
}

async function tipOf({ git, repositories }: Hub, { head }: Pull): Promise<string | null> {
  const repository = repositories.get(head.repository)
  return repository && resolveBranch(git, repositories.directoryOf(repository), head.ref)
}

async function moveHead(hub: Hub, pull: PullRow, sha: string): Promise<void> {
  const base = hub.repositories.get(pull.repository)
  const head = hub.repositories.get(pull.head.repository)
  if (!base || !head) return
  await fetchCommit(hub, base, head, sha)
  await hub.git.text(hub.repositories.directoryOf(base), ['update-ref', headRef(pull.number), sha])
}

/** The ref in the base repository that keeps a pull request's commits when its fork is deleted. */
const headRef = (number: number) => `refs/pull/${number}/head`

async function fetchCommit(
  { git, repositories }: Hub,
  base: Repository,
  head: Repository,
  sha: string,
): Promise<void> {
  if (base.id === head.id) return
  const fetch = [
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    repositories.directoryOf(head),
    sha,
  ]
  await git.text(repositories.directoryOf(base), fetch)
}
