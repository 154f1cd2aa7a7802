import * as z from 'zod'
import { accountPayload, nodeId } from './account-payload.ts'
import { resolveCommit } from './commits.ts'
import type { Hub, Status } from './hub.ts'
import type { Row } from './records.ts'
import type { Repository } from './repositories.ts'
import { apiUrlOf, repositoryPayload } from './repository-payload.ts'
import {
  actorOf,
  type Call,
  invalid,
  paginate,
  parameter,
  parseBody,
  RestError,
  type RestResponse,
  requireRepository,
  route,
} from './rest-call.ts'

/** https://docs.github.com/rest/commits/statuses#create-a-commit-status */
const MAX_STATUSES = 1000
const schema = z.object({
  state: z.enum(['error', 'failure', 'pending', 'success']),
  target_url: z.url({ protocol: /^https?$/ }).nullish(),
  description: shortText().nullish(),
  context: z.string().max(255).default('default'),
})

/** A description of at most 140 characters, validated as on GitHub. */
export function shortText() {
  return z
    .string()
    .refine(text => [...text].length <= 140, 'is too long (maximum is 140 characters)')
    .refine(text => !/[\u{10000}-\u{10ffff}]/u.test(text), "doesn't accept 4-byte Unicode")
}

export const statusRoutes = [
  route('POST /repos/:owner/:repo/statuses/:sha', create),
  route('GET /repos/:owner/:repo/commits/:ref{.+}/statuses', async call => {
    const repository = requireRepository(call)
    return paginate(call, statusesOf(call.hub, repository, await resolveSha(call)), status =>
      describe(call.hub, repository, status),
    )
  }),
  route('GET /repos/:owner/:repo/commits/:ref{.+}/status', async call => {
    const repository = requireRepository(call)
    const sha = await resolveSha(call)
    const latest = latestStatuses(call.hub, repository, sha)
    const statuses = latest.map(status => describe(call.hub, repository, status))
    const commit = `${apiUrlOf(call.hub.addresses, repository)}/commits/${sha}`
    const links = { commit_url: commit, url: `${commit}/status` }
    const body = { state: combine(latest), statuses, sha, total_count: latest.length, ...links }
    return { status: 200, body: { ...body, repository: repositoryPayload(call.hub.addresses, repository) } }
  }),
]

const statusesOf = ({ statuses }: Hub, repository: Repository, sha: string) =>
  statuses.list(repository.id).filter(status => status.sha === sha)

/** The newest status of each context. */
export function latestStatuses(hub: Hub, repository: Repository, sha: string): Row<Status>[] {
  const oldestFirst = statusesOf(hub, repository, sha).reverse()
  return [...new Map(oldestFirst.map(status => [status.context, status])).values()]
}

function combine(statuses: Status[]): string {
  if (statuses.some(({ state }) => state === 'error' || state === 'failure')) return 'failure'
  return statuses.length > 0 && statuses.every(({ state }) => state === 'success') ? 'success' : 'pending'
}

async function resolveSha(call: Call): Promise<string> {
  const ref = parameter(call, 'ref')
  const directory = call.hub.repositories.directoryOf(requireRepository(call))
  const sha = await resolveCommit(call.hub.git, directory, ref)
  if (!sha) throw new RestError(422, `No commit found for SHA: ${ref}`)
  return sha
}

async function create(call: Call): Promise<RestResponse> {
  const { hub } = call
  const repository = requireRepository(call)
  const sha = parameter(call, 'sha')
  const { state, context, target_url = null, description = null } = parseBody(call, schema)
  const isCommit =
    /^[0-9a-f]{40,64}$/.test(sha) &&
    (await resolveCommit(hub.git, hub.repositories.directoryOf(repository), sha)) === sha
  if (!isCommit) throw new RestError(422, `No commit found for SHA: ${sha}`)
  const earlier = statusesOf(hub, repository, sha).filter(status => status.context === context)
  if (earlier.length >= MAX_STATUSES)
    throw invalid('This SHA and context has reached the maximum number of statuses.')
  const status = hub.statuses.insert(repository.id, {
    sha,
    state,
    context,
    target_url,
    description,
    login: actorOf(call).login,
  })
  return { status: 201, body: describe(hub, repository, status) }
}

function describe({ addresses }: Hub, repository: Repository, status: Row<Status>) {
  const { id, sha, state, description, target_url, context, createdAt, login } = status
  const creator = accountPayload(addresses, { login, type: 'User' })
  return {
    url: `${apiUrlOf(addresses, repository)}/statuses/${sha}`,
    node_id: nodeId('StatusContext', id),
    avatar_url: creator.avatar_url,
    id,
    state,
    description,
    target_url,
    context,
    creator,
    created_at: createdAt,
    updated_at: createdAt,
  }
}
