import * as z from 'zod'
import { accountPayload } from './account-payload.ts'
import type { Delivery } from './deliveries.ts'
import type { Hook } from './hooks.ts'
import type { Hub } from './hub.ts'
import { SERVER_HOOK } from './records.ts'
import type { Repository } from './repositories.ts'
import { apiUrlOf, repositoryPayload } from './repository-payload.ts'
import {
  type Answer,
  actorOf,
  type Call,
  invalid,
  notFound,
  numberIn,
  page,
  parseBody,
  Refusal,
  repositoryIn,
  route,
} from './rest-call.ts'

const configSchema = z.object({
  url: z.url({ protocol: /^https?$/ }),
  // GitHub's default is a form; whoever forgets to ask for JSON shall notice.
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
    const repository = repositoryIn(call)
    return page(call, call.hub.hooks.of(repository.id), hook => describe(call.hub, repository, hook))
  }),
  route(`POST ${BASE}`, create),
  route(`GET ${BASE}/:hook`, call => ({
    status: 200,
    body: describe(call.hub, repositoryIn(call), hookIn(call)),
  })),
  route(`PATCH ${BASE}/:hook`, change),
  route(`DELETE ${BASE}/:hook`, call => {
    call.hub.hooks.remove(ownHookIn(call).id)
    return { status: 204 }
  }),
  route(`POST ${BASE}/:hook/pings`, call => {
    ping(call, repositoryIn(call), hookIn(call))
    return { status: 204 }
  }),
  route(`GET ${BASE}/:hook/deliveries`, call =>
    page(call, call.hub.deliveries.list(repositoryIn(call).id, hookIn(call).id), summarize),
  ),
  route(`GET ${BASE}/:hook/deliveries/:delivery`, call => ({
    status: 200,
    body: detail(deliveryIn(call), hookIn(call)),
  })),
  route(`POST ${BASE}/:hook/deliveries/:delivery/attempts`, call => {
    call.hub.deliveries.redeliver(deliveryIn(call))
    return { status: 202, body: {} }
  }),
]

function hookIn(call: Call): Hook {
  const hook = call.hub.hooks.get(repositoryIn(call).id, numberIn(call, 'hook'))
  if (!hook) throw notFound()
  return hook
}

function ownHookIn(call: Call): Hook {
  const hook = hookIn(call)
  if (hook.id !== SERVER_HOOK) return hook
  throw new Refusal(
    422,
    'This hook is the local GitHub’s own. Add one to the repository: it acts in its place.',
  )
}

function deliveryIn(call: Call): Delivery {
  const id = numberIn(call, 'delivery')
  const delivery = call.hub.deliveries.list(repositoryIn(call).id, hookIn(call).id).find(one => one.id === id)
  if (!delivery) throw notFound()
  return delivery
}

function create(call: Call): Answer {
  const repository = repositoryIn(call)
  const { config, ...rest } = parseBody(call, newSchema)
  const { url, secret } = config
  const own = call.hub.hooks.of(repository.id).filter(hook => hook.id !== SERVER_HOOK)
  if (own.some(hook => hook.url === url)) throw invalid('Hook already exists on this repository')
  const hook = call.hub.hooks.add(repository.id, { url, secret, ...rest })
  ping(call, repository, hook)
  return { status: 201, body: describe(call.hub, repository, hook) }
}

function change(call: Call): Answer {
  const hook = ownHookIn(call)
  const { config, ...rest } = parseBody(call, changeSchema)
  const { url = hook.url, secret = hook.secret } = config ?? {}
  const { events: wanted = hook.events, active = hook.active } = rest
  call.hub.hooks.change(hook.id, { url, secret, events: wanted, active })
  return { status: 200, body: describe(call.hub, repositoryIn(call), hookIn(call)) }
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
    ...{ id, active, events },
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
    ...{ id, guid, redelivery, event, action, status },
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
