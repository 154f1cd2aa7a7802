import * as z from 'zod'
import { accountPayload, nodeId } from './account-payload.ts'
import { resolveCommit } from './commits.ts'
import type { Deployment, DeploymentStatus, Hub } from './hub.ts'
import type { Row } from './records.ts'
import type { Repository } from './repositories.ts'
import { apiUrlOf } from './repository-payload.ts'
import {
  actorOf,
  type Call,
  notFound,
  numberParameter,
  paginate,
  parseBody,
  RestError,
  type RestResponse,
  requireRepository,
  route,
} from './rest-call.ts'
import { latestStatuses, shortText } from './rest-statuses.ts'

const deploymentSchema = z.object({
  ref: z.string().min(1),
  task: z.string().max(128).default('deploy'),
  auto_merge: z.boolean().default(true),
  required_contexts: z.array(z.string()).nullish(),
  payload: z.union([z.string(), z.record(z.string(), z.unknown())]).default(''),
  environment: z.string().max(255).default('production'),
  description: shortText().nullish(),
  transient_environment: z.boolean().default(false),
  production_environment: z.boolean().optional(),
})
const statusSchema = z.object({
  state: z.enum(['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success']),
  description: shortText().default(''),
  environment: z.string().max(255).optional(),
  environment_url: z.string().default(''),
  target_url: z.string().default(''),
  log_url: z.string().optional(),
  auto_inactive: z.boolean().default(true),
})
const BASE = '/repos/:owner/:repo/deployments'
const FILTERS = ['sha', 'ref', 'task', 'environment'] as const

export const deploymentRoutes = [
  route(`POST ${BASE}`, create),
  route(`GET ${BASE}`, call => {
    const repository = requireRepository(call)
    const matches = (deployment: Deployment) =>
      FILTERS.every(name => deployment[name] === (call.url.searchParams.get(name) ?? deployment[name]))
    return paginate(call, call.hub.deployments.list(repository.id).filter(matches), deployment =>
      describe(call.hub, repository, deployment),
    )
  }),
  route(`GET ${BASE}/:id`, call => ({
    status: 200,
    body: describe(call.hub, requireRepository(call), requireDeployment(call)),
  })),
  route(`POST ${BASE}/:id/statuses`, createStatus),
  route(`GET ${BASE}/:id/statuses`, call => {
    const repository = requireRepository(call)
    return paginate(call, statusesOf(call.hub, requireDeployment(call)), status =>
      describeStatus(call.hub, repository, status),
    )
  }),
]

function requireDeployment(call: Call): Row<Deployment> {
  const deployment = call.hub.deployments.get(numberParameter(call, 'id'))
  if (deployment?.repository !== requireRepository(call).id) throw notFound()
  return deployment
}

/** https://docs.github.com/rest/deployments/deployments#create-a-deployment */
async function create(call: Call): Promise<RestResponse> {
  const { hub } = call
  const repository = requireRepository(call)
  const { auto_merge, required_contexts, ...request } = parseBody(call, deploymentSchema)
  if (auto_merge) throw new RestError(501, 'The local GitHub does not merge. Pass auto_merge: false.')
  const sha = await resolveCommit(hub.git, hub.repositories.directoryOf(repository), request.ref)
  if (!sha) throw new RestError(422, `No ref found for: ${request.ref}`)
  const states = new Map(latestStatuses(hub, repository, sha).map(({ context, state }) => [context, state]))
  const unmet = [...(required_contexts ?? states.keys())].filter(context => states.get(context) !== 'success')
  if (unmet.length > 0) {
    const errors = [{ contexts: unmet, resource: 'Deployment', field: 'required_contexts', code: 'invalid' }]
    throw new RestError(409, `Conflict: Commit status checks failed for ${request.ref}.`, errors)
  }
  const deployment = hub.deployments.insert(repository.id, {
    ...request,
    sha,
    description: request.description ?? null,
    production_environment: request.production_environment ?? request.environment === 'production',
    login: actorOf(call).login,
  })
  return { status: 201, body: describe(hub, repository, deployment) }
}

const statusesOf = ({ deploymentStatuses }: Hub, { repository, id }: Row<Deployment>) =>
  deploymentStatuses.list(repository).filter(status => status.deployment === id)

function createStatus(call: Call): RestResponse {
  const { hub } = call
  const repository = requireRepository(call)
  const deployment = requireDeployment(call)
  const { state, description, environment_url, auto_inactive, ...rest } = parseBody(call, statusSchema)
  const { log_url = rest.target_url, environment = deployment.environment } = rest
  const fields = {
    deployment: deployment.id,
    login: actorOf(call).login,
    environment,
    environment_url,
    log_url,
  }
  if (state === 'success' && auto_inactive) deactivateOthers(hub, deployment)
  const status = hub.deploymentStatuses.insert(repository.id, { ...fields, state, description })
  return { status: 201, body: describeStatus(hub, repository, status) }
}

/**
 * A success deactivates earlier successful deployments to the same environment, except in transient and production
 * environments. https://docs.github.com/rest/deployments/statuses (auto_inactive)
 */
function deactivateOthers(hub: Hub, { id, repository, environment }: Row<Deployment>): void {
  for (const other of hub.deployments.list(repository)) {
    const [latest] = statusesOf(hub, other)
    const isKept = other.transient_environment || other.production_environment
    if (other.id >= id || other.environment !== environment || isKept || latest?.state !== 'success') continue
    const { id: _, repository: __, createdAt: ___, ...fields } = latest
    hub.deploymentStatuses.insert(repository, { ...fields, state: 'inactive' })
  }
}

function describe({ addresses }: Hub, repository: Repository, deployment: Row<Deployment>) {
  const { id, createdAt, login, repository: _, ...fields } = deployment
  const api = apiUrlOf(addresses, repository)
  return {
    ...fields,
    id,
    node_id: nodeId('Deployment', id),
    url: `${api}/deployments/${id}`,
    statuses_url: `${api}/deployments/${id}/statuses`,
    repository_url: api,
    original_environment: deployment.environment,
    creator: accountPayload(addresses, { login, type: 'User' }),
    created_at: createdAt,
    updated_at: createdAt,
  }
}

function describeStatus({ addresses }: Hub, repository: Repository, status: Row<DeploymentStatus>) {
  const { id, createdAt, login, deployment, repository: _, ...fields } = status
  const api = apiUrlOf(addresses, repository)
  return {
    ...fields,
    id,
    node_id: nodeId('DeploymentStatus', id),
    target_url: status.log_url,
    url: `${api}/deployments/${deployment}/statuses/${id}`,
    deployment_url: `${api}/deployments/${deployment}`,
    repository_url: api,
    creator: accountPayload(addresses, { login, type: 'User' }),
    created_at: createdAt,
    updated_at: createdAt,
  }
}
