import type { Git } from './git.ts'
import { readOnce } from './read-once.ts'
import { readRef } from './read-ref.ts'

export type Signature = { name: string; email: string; date: string }
export type Commit = {
  id: string
  tree: string
  parents: string[]
  author: Signature
  committer: Signature
  message: string
  added: string[]
  removed: string[]
  modified: string[]
}
/** The commits that are reachable from `include` but not from `exclude`. */
export type Range = { include: string; exclude: string[] }

const FIELDS = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B']
const SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/

const revisions = ({ include, exclude }: Range) => [include, ...exclude.map(sha => `^${sha}`), ''].join('\n')

/** The newest `limit` commits of a range, oldest first. Merges list their changes against the first parent. */
export async function readCommits(
  git: Git,
  repository: string,
  range: Range,
  limit: number,
): Promise<Commit[]> {
  const options = ['--name-status', '--no-renames', '--diff-merges=first-parent']
  const read = await readLog(git, repository, range, limit, options)
  for (const commit of read.slice(-MOST_REMEMBERED)) remember(repository, commit)
  return read
}

/** As `readCommits`, without the changed files, which takes half of the time. */
const readHeaders = (git: Git, repository: string, range: Range, limit: number): Promise<Commit[]> =>
  readLog(git, repository, range, limit, [])

async function readLog(
  git: Git,
  repository: string,
  range: Range,
  limit: number,
  options: readonly string[],
): Promise<Commit[]> {
  const format = `--format=${FIELDS.join('%x00')}`
  const command = ['log', '-z', '--reverse', `--max-count=${limit}`, format, ...options, '--stdin']
  const fields = (await git.text(repository, command, revisions(range))).split('\0')
  const commits: Commit[] = []
  for (let at = 0; at + FIELDS.length <= fields.length; ) {
    const commit = parseCommit(fields.slice(at, at + FIELDS.length))
    at += FIELDS.length
    // Pairs of status letter and path follow, until the id of the next commit.
    for (let kind = kindOf(fields[at]); kind; at += 2, kind = kindOf(fields[at]))
      commit[kind].push(fields[at + 1] ?? '')
    commits.push(commit)
  }
  return commits
}

function parseCommit(fields: readonly string[]): Commit {
  const [id = '', tree = '', parents = '', ...rest] = fields
  const [
    name = '',
    email = '',
    date = '',
    committer = '',
    committerEmail = '',
    committed = '',
    message = '',
  ] = rest
  return {
    id: id.trimStart(),
    tree,
    parents: parents.split(' ').filter(Boolean),
    author: { name, email, date: date || EPOCH },
    committer: { name: committer, email: committerEmail, date: committed || EPOCH },
    message: message.replace(/\n+$/, ''),
    added: [],
    removed: [],
    modified: [],
  }
}

/** Git prints no date for a commit with an invalid one. */
const EPOCH = '1970-01-01T00:00:00Z'

/** The kind of change for a status letter, or null for any other field. */
function kindOf(field = ''): 'added' | 'removed' | 'modified' | null {
  const letter = field.trimStart()
  if (!/^[A-Z]$/.test(letter)) return null
  return letter === 'A' ? 'added' : letter === 'D' ? 'removed' : 'modified'
}

/** The ids of a range's commits. */
export async function listCommitIds(git: Git, repository: string, range: Range): Promise<string[]> {
  return (await git.text(repository, ['rev-list', '--stdin'], revisions(range))).split('\n').filter(Boolean)
}

const commits = readOnce<Commit | null>()
const headers = readOnce<Commit | null>()
const peeled = readOnce<string | null>()

/** The newest commits of a range are soon looked up. */
const MOST_REMEMBERED = 100

function remember(repository: string, commit: Commit): void {
  const name = `${repository} ${commit.id}`
  peeled(name, async () => commit.id)
  commits(name, async () => commit)
  headers(name, async () => ({ ...commit, added: [], removed: [], modified: [] }))
}

/** One commit, or null if `sha` (a commit or an annotated tag) does not lead to one. */
export const readCommit = (git: Git, repository: string, sha: string): Promise<Commit | null> =>
  readOne(git, repository, sha, commits, readCommits)

/** As `readCommit`, without the changed files. */
export const readHeader = (git: Git, repository: string, sha: string): Promise<Commit | null> =>
  readOne(git, repository, sha, headers, readHeaders)

async function readOne(
  git: Git,
  repository: string,
  sha: string,
  once: typeof commits,
  read: typeof readCommits,
): Promise<Commit | null> {
  const id = await peel(git, repository, sha)
  if (!id) return null
  return once(
    `${repository} ${id}`,
    async () => (await read(git, repository, { include: id, exclude: [] }, 1))[0] ?? null,
  )
}

/** Resolves a sha, branch, tag or full ref to a commit. Does not accept git's revision syntax (`~1`, `@{…}`). */
export async function resolveCommit(git: Git, repository: string, name: string): Promise<string | null> {
  if (SHA.test(name)) return peel(git, repository, name)
  for (const ref of [`refs/heads/${name}`, `refs/tags/${name}`, `refs/${name}`, name]) {
    const commit = await resolveRef(git, repository, ref)
    if (commit) return commit
  }
  return null
}

export const resolveBranch = (git: Git, repository: string, branch: string) =>
  resolveRef(git, repository, `refs/heads/${branch}`)

async function resolveRef(git: Git, repository: string, ref: string): Promise<string | null> {
  const sha = await readRef(git, repository, ref)
  return sha && peel(git, repository, sha)
}

const peel = (git: Git, repository: string, sha: string): Promise<string | null> =>
  peeled(`${repository} ${sha}`, () =>
    textOrNull(git, repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${sha}^{commit}`]),
  )

const textOrNull = (git: Git, repository: string, args: string[]): Promise<string | null> =>
  git.text(repository, args).then(
    output => output.trim(),
    () => null,
  )
