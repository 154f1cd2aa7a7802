import * as z from 'zod'
import { accountPayload } from './account-payload.ts'
import type { LocalApp } from './app.ts'
import { fullName } from './repositories.ts'
import {
  type Call,
  notFound,
  numberParameter,
  paginate,
  parameter,
  parseBody,
  RestError,
  type RestResponse,
  route,
} from './rest-call.ts'

/** The id of the only installation, which covers every account. */
const INSTALLATION = 1

const tokenSchema = z.object({
  repositories: z.array(z.string()).optional(),
  permissions: z.record(z.string(), z.enum(['read', 'write'])).optional(),
})
const webhookSchema = z.object({ url: z.url(), secret: z.string(), content_type: z.literal('json') })

/** https://docs.github.com/en/rest/apps */
export const appRoutes = [
  route('GET /app', call => ({ status: 200, body: describe(call, requireApp(call)) })),
  route('GET /app/installations', call => paginate(call, [INSTALLATION], () => describeInstallation(call))),
  route('GET /app/hook/config', call => {
    const { url } = requireApp(call).webhook
    return { status: 200, body: { url, content_type: 'json', insecure_ssl: '0' } }
  }),
  route('PATCH /app/hook/config', call => {
    const { url, secret } = parseBody(call, webhookSchema)
    Object.assign(requireApp(call).webhook, { url, secret })
    return { status: 200, body: { url, content_type: 'json', insecure_ssl: '0' } }
  }),
  route('GET /repos/:owner/:repo/installation', call => {
    if (!call.hub.repositories.find(parameter(call, 'owner'), parameter(call, 'repo'))) throw notFound()
    return { status: 200, body: describeInstallation(call) }
  }),
  route('POST /app/installations/:installation/access_tokens', issue),
]

function requireApp({ hub }: Call): LocalApp {
  if (!hub.app) throw notFound()
  return hub.app
}

function issue(call: Call): RestResponse {
  const app = requireApp(call)
  if (numberParameter(call, 'installation') !== INSTALLATION) throw notFound()
  const { repositories, permissions = app.permissions } = parseBody(call, tokenSchema)
  // Every App may read metadata.
  const granted: Record<string, string> = { ...app.permissions, metadata: 'read' }
  const excess = Object.entries(permissions).filter(
    ([name, level]) => granted[name] !== 'write' && granted[name] !== level,
  )
  if (excess.length > 0)
    throw new RestError(
      422,
      'The permissions requested are not granted to this installation.',
      excess.map(([field]) => ({ field })),
    )
  const all = call.hub.repositories.all().map(repository => fullName(repository).toLowerCase())
  const names = repositories?.map(name => name.toLowerCase())
  const unknown = names?.filter(name => !all.some(each => each.split('/')[1] === name)) ?? []
  if (unknown.length > 0)
    throw new RestError(422, 'There is at least one repository that does not exist or is not accessible.')
  const selected = names && all.filter(each => names.includes(each.split('/')[1] ?? ''))
  const { token, grant } = app.issue({
    repositories: selected ?? null,
    permissions: { ...permissions, metadata: 'read' },
  })
  return {
    status: 201,
    body: {
      token,
      expires_at: grant.expiresAt.toISOString(),
      permissions: grant.permissions,
      repository_selection: repositories ? 'selected' : 'all',
    },
  }
}

const describe = ({ hub }: Call, { id, slug, owner, permissions }: LocalApp) => ({
  id,
  slug,
  name: slug,
  node_id: '',
  owner: accountPayload(hub.addresses, { login: owner, type: 'User' }),
  html_url: `${hub.addresses.url}/apps/${slug}`,
  permissions: { ...permissions, metadata: 'read' },
  events: ['push', 'pull_request', 'merge_group'],
})

function describeInstallation(call: Call) {
  const app = requireApp(call)
  return {
    id: INSTALLATION,
    account: accountPayload(call.hub.addresses, { login: app.owner, type: 'User' }),
    app_id: app.id,
    app_slug: app.slug,
    repository_selection: 'all',
    permissions: app.permissions,
  }
}
