import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkCredentials } from './credentials.ts'
import type { Hub } from './hub.ts'
import { checkAccess } from './rest-access.ts'
import { appRoutes } from './rest-apps.ts'
import { type Call, RestError, type RestResponse, type Route } from './rest-call.ts'
import { commitRoutes } from './rest-commits.ts'
import { deploymentRoutes } from './rest-deployments.ts'
import { hookRoutes } from './rest-hooks.ts'
import { pullRoutes } from './rest-pulls.ts'
import { repositoryRoutes } from './rest-repositories.ts'
import { statusRoutes } from './rest-statuses.ts'

const MAX_BODY_BYTES = 1_048_576
const HOUR_S = 3600
const RATE_LIMIT = 5000

/** Compiles a path pattern: `:name` matches one segment, `:name+` one or more. */
const compile = (pattern: string) =>
  new RegExp(
    `^${pattern.replace(/:(\w+)(\+?)/g, (_, name, more) => `(?<${name}>${more ? '.+' : '[^/]+'})`)}$`,
  )

/** The first match wins, so specific routes precede general ones. */
const routes = [
  ...appRoutes,
  ...repositoryRoutes,
  ...statusRoutes,
  ...commitRoutes,
  ...pullRoutes,
  ...deploymentRoutes,
  ...hookRoutes,
].map(route => ({ ...route, expression: compile(route.pattern) }))

/** Handles requests to the REST API. The rate limit is reported in headers but not enforced. */
export function serveRest(hub: Hub) {
  let used = 0
  let reset = 0
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const now = Math.floor(Date.now() / 1000)
    if (now >= reset) [used, reset] = [0, now + HOUR_S]
    used++
    const limits = {
      limit: RATE_LIMIT,
      remaining: Math.max(0, RATE_LIMIT - used),
      used,
      reset,
      resource: 'core',
    }
    const rate = Object.entries(limits).map(([name, value]) => [`x-ratelimit-${name}`, String(value)])
    const { status, body, headers } = await handleRequest(hub, request)
    const isRaw = body instanceof Uint8Array
    response.writeHead(status, {
      ...Object.fromEntries(rate),
      'content-type': isRaw ? 'application/octet-stream' : 'application/json; charset=utf-8',
      ...headers,
    })
    response.end(body === undefined || isRaw ? body : JSON.stringify(body))
  }
}

async function handleRequest(hub: Hub, request: IncomingMessage): Promise<RestResponse> {
  try {
    const call = await readCall(hub, request)
    const { route, parameters } = findRoute(request.method ?? 'GET', call.url.pathname)
    checkAccess(call.access, route, parameters)
    return await route.handle({ ...call, parameters })
  } catch (error) {
    if (!(error instanceof RestError)) console.error('Unexpected error in the local GitHub:', error)
    const { status, message, errors } =
      error instanceof RestError ? error : new RestError(500, 'Server Error')
    const details = errors.length > 0 && { errors }
    return {
      status,
      body: {
        message,
        ...details,
        documentation_url: 'https://docs.github.com/rest',
        status: String(status),
      },
    }
  }
}

async function readCall(hub: Hub, request: IncomingMessage): Promise<Omit<Call, 'parameters'>> {
  const { authorization, accept = '' } = request.headers
  const { apiUrl } = hub.addresses
  const url = new URL(apiUrl)
  const [path = '', query = ''] = splitAtFirst(request.url ?? '/', '?')
  url.pathname = path
  url.search = query
  return {
    hub,
    url,
    accept,
    access: checkCredentials(authorization, hub.tokens, hub.app),
    body: await readJson(request),
  }
}

const splitAtFirst = (text: string, separator: string) => {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function findRoute(method: string, pathname: string): { route: Route; parameters: Record<string, string> } {
  const path = pathname.replace(/^\/api\/v3/, '').replace(/(.)\/$/, '$1') || '/'
  for (const { expression, ...route } of routes) {
    const match = route.method === method && expression.exec(path)
    if (match) return { route, parameters: decode(match.groups ?? {}) }
  }
  throw new RestError(501, `The local GitHub does not implement ${method} ${path}, only what lambci needs.`)
}

function decode(groups: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
  } catch {
    throw new RestError(400, 'The path contains an invalid percent encoding. Encode it as UTF-8.')
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    // Keep reading, or the client could not receive the response, but discard the rest.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (size > MAX_BODY_BYTES) throw new RestError(413, 'The request body exceeds 1 MiB.')
  const text = Buffer.concat(chunks).toString()
  try {
    return text.trim() === '' ? {} : JSON.parse(text)
  } catch {
    throw new RestError(400, 'Problems parsing JSON')
  }
}
