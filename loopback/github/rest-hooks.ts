import * as z from 'zod'
import { accountPayload } from './account-payload.ts'
import type { Delivery } from './deliveries.ts'
import type { Hook } from './hooks.ts'
import type { Hub } from './hub.ts'
import { SERVER_HOOK } from './records.ts'
import type { Repository } from './repositories.ts'
import { apiUrlOf, repositoryPayload } from './repository-payload.ts'
import {
  actorOf,
  type Call,
  invalid,
  notFound,
  numberParameter,
  paginate,
  parseBody,
  RestError,
  type RestResponse,
  requireRepository,
  route,
} from './rest-call.ts'

const configSchema = z.object({
  url: z.url({ protocol: /^https?$/ }),
  // GitHub's default is `form`, which is not supported here. Requiring `json` makes that visible.
  content_type: z.literal('json'),
  secret: z.string().default(''),
})
const events = z.array(z.enum(['push', 'pull_request', 'merge_group', '*'])).min(1)
const newSchema = z.object({
  config: configSchema,
  events: events.default(['push']),
  active: z.boolean().default(true),
})
const changeSchema = z.object({
  config: configSchema.extend({ secret: z.string().optional() }).partial().optional(),
  events: events.optional(),
  active: z.boolean().optional(),
})
const BASE = '/repos/:owner/:repo/hooks'

export const hookRoutes = [
  route(`GET ${BASE}`, call => {
    const repository = requireRepository(call)
    return paginate(call, call.hub.hooks.of(repository.id), hook => describe(call.hub, repository, hook))
  }),
  route(`POST ${BASE}`, create),
  route(`GET ${BASE}/:hook`, call => ({
    status: 200,
    body: describe(call.hub, requireRepository(call), requireHook(call)),
  })),
  route(`PATCH ${BASE}/:hook`, change),
  route(`DELETE ${BASE}/:hook`, call => {
    call.hub.hooks.remove(requireOwnHook(call).id)
    return { status: 204 }
  }),
  route(`POST ${BASE}/:hook/pings`, call => {
    ping(call, requireRepository(call), requireHook(call))
    return { status: 204 }
  }),
  route(`GET ${BASE}/:hook/deliveries`, call =>
    paginate(call, call.hub.deliveries.list(requireRepository(call).id, requireHook(call).id), summarize),
  ),
  route(`GET ${BASE}/:hook/deliveries/:delivery`, call => ({
    status: 200,
    body: detail(requireDelivery(call), requireHook(call)),
  })),
  route(`POST ${BASE}/:hook/deliveries/:delivery/attempts`, call => {
    call.hub.deliveries.redeliver(requireDelivery(call))
    return { status: 202, body: {} }
  }),
]

function requireHook(call: Call): Hook {
  const hook = call.hub.hooks.get(requireRepository(call).id, numberParameter(call, 'hook'))
  if (!hook) throw notFound()
  return hook
}

function requireOwnHook(call: Call): Hook {
  const hook = requireHook(call)
  if (hook.id !== SERVER_HOOK) return hook
  throw new RestError(
    422,
    'The local GitHub’s own hook cannot be changed. Add a hook to the repository, which replaces it.',
  )
}

function requireDelivery(call: Call): Delivery {
  const id = numberParameter(call, 'delivery')
  const delivery = call.hub.deliveries
    .list(requireRepository(call).id, requireHook(call).id)
    .find(each => each.id === id)
  if (!delivery) throw notFound()
  return delivery
}

function create(call: Call): RestResponse {
  const repository = requireRepository(call)
  const { config, ...rest } = parseBody(call, newSchema)
  const { url, secret } = config
  const own = call.hub.hooks.of(repository.id).filter(hook => hook.id !== SERVER_HOOK)
  if (own.some(hook => hook.url === url)) throw invalid('Hook already exists on this repository')
  const hook = call.hub.hooks.add(repository.id, { url, secret, ...rest })
  ping(call, repository, hook)
  return { status: 201, body: describe(call.hub, repository, hook) }
}

function change(call: Call): RestResponse {
  const hook = requireOwnHook(call)
  const { config, ...rest } = parseBody(call, changeSchema)
  const { url = hook.url, secret = hook.secret } = config ?? {}
  const { events: names = hook.events, active = hook.active } = rest
  call.hub.hooks.change(hook.id, { url, secret, events: names, active })
  return { status: 200, body: describe(call.hub, requireRepository(call), requireHook(call)) }
}

function ping(call: Call, repository: Repository, hook: Hook): void {
  const { addresses, deliveries } = call.hub
  const payload = {
    zen: 'Keep it logically awesome.',
    hook_id: hook.id,
    hook: describe(call.hub, repository, hook),
    repository: repositoryPayload(addresses, repository),
    sender: accountPayload(addresses, actorOf(call)),
  }
  deliveries.send({ event: 'ping', payload, hook })
}

function describe(
  { addresses }: Hub,
  repository: Repository,
  { id, url, secret, events, active, createdAt }: Hook,
) {
  const api = `${apiUrlOf(addresses, repository)}/hooks/${id}`
  return {
    type: 'Repository',
    name: 'web',
    id,
    active,
    events,
    config: { url, content_type: 'json', insecure_ssl: '0', ...(secret && { secret: '********' }) },
    created_at: createdAt,
    updated_at: createdAt,
    url: api,
    test_url: `${api}/test`,
    ping_url: `${api}/pings`,
    deliveries_url: `${api}/deliveries`,
    last_response: { code: null, status: 'unused', message: null },
  }
}

function summarize({
  id,
  guid,
  deliveredAt,
  redelivery,
  durationMs,
  status,
  statusCode,
  event,
  action,
  repository,
}: Delivery) {
  return {
    id,
    guid,
    redelivery,
    event,
    action,
    status,
    delivered_at: deliveredAt,
    duration: durationMs / 1000,
    status_code: statusCode,
    installation_id: null,
    repository_id: repository,
  }
}

const detail = (delivery: Delivery, { url }: Hook) => ({
  ...summarize(delivery),
  url,
  request: { headers: delivery.requestHeaders, payload: JSON.parse(delivery.payload) },
  response: { headers: delivery.responseHeaders, payload: delivery.responseBody },
})
