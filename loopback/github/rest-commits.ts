import { type Addresses, accountPayload, loginOfEmail, nodeId } from './account-payload.ts'
import { type Commit, readCommit, resolveBranch, resolveCommit, type Signature } from './commits.ts'
import type { Hub } from './hub.ts'
import { branchOf, readRefs } from './ref-changes.ts'
import type { Repository } from './repositories.ts'
import { apiUrlOf, htmlUrlOf } from './repository-payload.ts'
import {
  type Call,
  notFound,
  paginate,
  parameter,
  RestError,
  type RestResponse,
  requireRepository,
  route,
} from './rest-call.ts'

/** GitHub does not inline larger files into JSON. */
const MAX_INLINE_BYTES = 1_048_576

export const commitRoutes = [
  route('GET /repos/:owner/:repo/branches', async call => {
    const { hub, repository, directory } = repositoryContext(call)
    const refs = [...(await readRefs(hub.git, directory))].filter(([ref]) => branchOf(ref) !== null)
    return paginate(call, refs, ([ref, sha]) => ({
      name: branchOf(ref),
      commit: { sha, url: `${apiUrlOf(hub.addresses, repository)}/commits/${sha}` },
      protected: false,
    }))
  }),
  route('GET /repos/:owner/:repo/branches/:branch{.+}', async call => {
    const { hub, repository, directory } = repositoryContext(call)
    const name = parameter(call, 'branch')
    const sha = await resolveBranch(hub.git, directory, name)
    const commit = sha && (await readCommit(hub.git, directory, sha))
    if (!commit) throw new RestError(404, 'Branch not found')
    return {
      status: 200,
      body: { name, commit: describeCommit(hub.addresses, repository, commit), protected: false },
    }
  }),
  route('GET /repos/:owner/:repo/commits/:ref{.+}', async call => {
    const { hub, repository } = repositoryContext(call)
    const commit = await readNamedCommit(call, parameter(call, 'ref'))
    if (!commit) throw new RestError(422, `No commit found for SHA: ${parameter(call, 'ref')}`)
    return { status: 200, body: describeCommit(hub.addresses, repository, commit) }
  }),
  route('GET /repos/:owner/:repo/contents/:path{.+}', readContents),
]

function repositoryContext(call: Call): { hub: Hub; repository: Repository; directory: string } {
  const repository = requireRepository(call)
  return { hub: call.hub, repository, directory: call.hub.repositories.directoryOf(repository) }
}

async function readNamedCommit(call: Call, name: string): Promise<Commit | null> {
  const { hub, directory } = repositoryContext(call)
  const sha = await resolveCommit(hub.git, directory, name)
  return sha ? readCommit(hub.git, directory, sha) : null
}

/** A commit in GitHub's format. */
export function describeCommit(addresses: Addresses, repository: Repository, commit: Commit) {
  const api = apiUrlOf(addresses, repository)
  const html = htmlUrlOf(addresses, repository)
  const files = (['added', 'removed', 'modified'] as const).flatMap(status =>
    commit[status].map(filename => ({ filename, status })),
  )
  const account = ({ email }: Signature) => {
    const login = loginOfEmail(email)
    return login ? accountPayload(addresses, { login, type: 'User' }) : null
  }
  return {
    sha: commit.id,
    node_id: nodeId('Commit', repository.id),
    url: `${api}/commits/${commit.id}`,
    html_url: `${html}/commit/${commit.id}`,
    commit: {
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: { sha: commit.tree, url: `${api}/git/trees/${commit.tree}` },
      url: `${api}/git/commits/${commit.id}`,
    },
    author: account(commit.author),
    committer: account(commit.committer),
    parents: commit.parents.map(sha => ({
      sha,
      url: `${api}/commits/${sha}`,
      html_url: `${html}/commit/${sha}`,
    })),
    files,
  }
}

/** One file of a commit: as JSON, or raw if `Accept` requests `raw`. */
async function readContents(call: Call): Promise<RestResponse> {
  const { hub, repository, directory } = repositoryContext(call)
  const path = parameter(call, 'path')
  const ref = call.url.searchParams.get('ref') ?? repository.defaultBranch
  const commit = await resolveCommit(hub.git, directory, ref)
  if (!commit) throw new RestError(404, `No commit found for the ref ${ref}`)
  if (path.split('/').some(part => ['', '.', '..'].includes(part)) || path.includes('\0')) throw notFound()
  const [, mode, sha] =
    /^(\d+) \w+ (\w+)\t/.exec(
      await hub.git.text(directory, ['ls-tree', '-z', '--full-tree', commit, '--', path]),
    ) ?? []
  if (!sha) throw notFound()
  if (!mode?.startsWith('100'))
    throw new RestError(501, `The local GitHub serves only regular files, and ${path} is not one.`)
  const content = Buffer.from(await hub.git.bytes(directory, ['cat-file', 'blob', sha]))
  if (/[.+/]raw\b/.test(call.accept)) return { status: 200, body: content }
  const url = `${apiUrlOf(hub.addresses, repository)}/contents/${path.split('/').map(encodeURIComponent).join('/')}`
  const isSmall = content.length <= MAX_INLINE_BYTES
  return {
    status: 200,
    body: {
      type: 'file',
      name: path.split('/').at(-1),
      path,
      sha,
      size: content.length,
      encoding: isSmall ? 'base64' : 'none',
      content: isSmall ? content.toString('base64').replace(/.{60}/g, '$&\n') : '',
      url: `${url}?ref=${encodeURIComponent(ref)}`,
    },
  }
}
